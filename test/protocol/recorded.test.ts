import { describe, expect, test } from 'vitest';
import type { AnyPlugin, Call, JsonObject } from '../../pkg/skel/plugin.ts';
import { mappingsOf } from '../../plugins/portmap/mapping.ts';
import type { PortmapConf } from '../../plugins/portmap/schema.ts';
import { pluginNamed } from '../../plugins/table.ts';
import { callInProcess } from './in-process.ts';
import { type RecordedCall, recordings } from './recording.ts';

const RECORDINGS = recordings();
const ALL = RECORDINGS.flatMap(([name, { steps }]) =>
  steps.flatMap(({ step, calls }) => calls.map((call) => ({ name, step, call, title: titleOf(name, step, call) }))),
);

function titleOf(name: string, step: string, { plugin, variables }: RecordedCall): string {
  return `${name}, ${step}: ${plugin} ${variables['CNI_COMMAND']} ${variables['CNI_IFNAME'] ?? ''}`;
}

/** The plugin with its own way of reading a call, up to the handlers: these only write down what reaches them. */
function listening(name: string): { readonly plugin: AnyPlugin; readonly calls: Call<unknown>[] } {
  const plugin = pluginNamed(name);
  if (plugin === undefined) throw new Error(`there is no plugin "${name}"`);
  const calls: Call<unknown>[] = [];
  const done = async (call: Call<unknown>) => void calls.push(call);
  const add = async (call: Call<unknown>) => {
    calls.push(call);
    return {};
  };
  return { plugin: { ...plugin, add, del: done, check: done, gc: done, status: done }, calls };
}

function stepsOf(name: string): ReadonlyMap<string, readonly RecordedCall[]> {
  const found = RECORDINGS.find(([other]) => other === name);
  if (found === undefined) throw new Error(`there is no recording "${name}"`);
  return new Map(found[1].steps.map(({ step, calls }) => [step, calls]));
}

test('there are recordings of every runtime, with all verbs that they use', () => {
  const names = ['containerd-1.6', 'containerd-1.6-flannel', 'containerd-2.1', 'containerd-2.1-flannel', 'podman-4.3'];
  expect(RECORDINGS.map(([name]) => name).sort()).toEqual(names);
  const verbs = new Set(ALL.map(({ call }) => call.variables['CNI_COMMAND']));
  expect([...verbs].sort()).toEqual(['ADD', 'DEL', 'STATUS', 'VERSION']);
});

test('nothing but the protocol is in them', () => {
  const variables = ['ARGS', 'COMMAND', 'CONTAINERID', 'IFNAME', 'NETNS', 'PATH'].map((name) => `CNI_${name}`);
  for (const { call, title } of ALL)
    expect(variables, title).toEqual(expect.arrayContaining(Object.keys(call.variables)));
});

describe('every recorded call is taken as it is', () => {
  test.each(ALL)('$title', async ({ call: { plugin: name, variables, stdin } }) => {
    const { plugin, calls } = listening(name);
    const warnings: string[] = [];
    const { stdout, exitCode } = await callInProcess(variables, JSON.stringify(stdin), plugin, warnings);
    expect({ exitCode, warnings }, stdout).toEqual({ exitCode: 0, warnings: [] });
    if (variables['CNI_COMMAND'] === 'VERSION') {
      // podman asks with one version for a list of another.
      expect((JSON.parse(stdout) as JsonObject)['supportedVersions']).toEqual(
        expect.arrayContaining(['0.4.0', '1.0.0']),
      );
      expect(calls).toEqual([]);
      return;
    }
    expect(calls.map(({ verb, network, cniVersion }) => ({ verb, network, cniVersion }))).toEqual([
      { verb: variables['CNI_COMMAND'], network: stdin['name'], cniVersion: stdin['cniVersion'] },
    ]);
  });

  test('and one with another key is not', async () => {
    const call = ALL.find(
      ({ call: { plugin, variables } }) => plugin === 'bridge' && variables['CNI_COMMAND'] === 'ADD',
    )?.call;
    const warnings: string[] = [];
    await callInProcess(
      call?.variables ?? {},
      JSON.stringify({ ...call?.stdin, ipMask: true }),
      listening('bridge').plugin,
      warnings,
    );
    expect(warnings.join()).toContain('ipMask');
  });

  test.each(ALL.filter(({ call }) => 'prevResult' in call.stdin))('$title: the result before', async ({ call }) => {
    const { plugin, calls } = listening(call.plugin);
    await callInProcess(call.variables, JSON.stringify(call.stdin), plugin);
    const [seen] = calls as readonly { readonly prevResult?: { readonly ips?: readonly { address: string }[] } }[];
    const { ips } = call.stdin['prevResult'] as { readonly ips: readonly { readonly address: string }[] };
    expect(ips.length).toBeGreaterThan(0);
    expect(seen?.prevResult?.ips?.map(({ address }) => address)).toEqual(ips.map(({ address }) => address));
  });
});

describe('ports are understood in the letter case of each runtime', () => {
  const asked = ALL.filter(({ call }) => 'runtimeConfig' in call.stdin);

  test('containerd writes the names of Go', () => {
    const written = asked
      .filter(({ name }) => name.startsWith('containerd'))
      .map(({ call }) => JSON.stringify(call.stdin));
    expect(written.length).toBeGreaterThanOrEqual(6);
    for (const text of written)
      expect(text).toContain('"HostPort":8080,"ContainerPort":80,"Protocol":"tcp","HostIP":""');
  });

  test.each(asked)('$title', async ({ name, call }) => {
    const { plugin, calls } = listening(call.plugin);
    await callInProcess(call.variables, JSON.stringify(call.stdin), plugin);
    const tcp = (hostPort: number, containerPort: number, hostIp = '') => ({
      protocol: 'tcp',
      hostPort,
      containerPort,
      hostIp,
    });
    const expected = name.startsWith('containerd')
      ? [tcp(8080, 80), tcp(8081, 80, '127.0.0.1')]
      : [tcp(8081, 80, '127.0.0.1'), tcp(9000, 9000), tcp(9001, 9001)];
    expect(mappingsOf(calls[0]?.conf as PortmapConf, '')).toEqual(expected);
  });
});

describe('what runtimes do, as docs/runtimes.md says', () => {
  const verbs = (calls: readonly RecordedCall[] = []) =>
    calls.map(({ plugin, variables }) => `${plugin} ${variables['CNI_COMMAND']}`);

  describe.each(['containerd-1.6', 'containerd-2.1'])('%s', (name) => {
    const steps = stepsOf(name);

    test('a pod is one chain of ADD, and two of DEL in the opposite order', () => {
      const order = ['bridge', 'portmap', 'firewall', 'tuning'];
      const back = ['loopback DEL', ...[...order].reverse().map((plugin) => `${plugin} DEL`)];
      expect(verbs(steps.get('RunPodSandbox'))).toEqual(['loopback ADD', ...order.map((plugin) => `${plugin} ADD`)]);
      expect(verbs(steps.get('PodSandboxStatus'))).toEqual([]);
      expect(verbs(steps.get('StopPodSandbox'))).toEqual(back);
      expect(verbs(steps.get('RemovePodSandbox'))).toEqual(back);
    });

    test('the second DEL has no namespace and no result, and so has the only one of ctr a result alone', () => {
      for (const { variables, stdin } of steps.get('RemovePodSandbox') ?? []) {
        expect([variables['CNI_NETNS'], 'prevResult' in stdin]).toEqual(['', false]);
        if (stdin['type'] === 'portmap') expect(stdin).toHaveProperty('runtimeConfig.portMappings');
      }
      const dels = steps.get('ctr run --rm --cni')?.filter(({ variables }) => variables['CNI_COMMAND'] === 'DEL') ?? [];
      expect(dels).toHaveLength(4);
      for (const { variables, stdin } of dels)
        expect([variables['CNI_NETNS'], 'prevResult' in stdin]).toEqual(['', true]);
    });

    test('the state is asked for only by containerd 2.1, which takes 1.1.0 out of "cniVersions"', () => {
      const isNew = name === 'containerd-2.1';
      const order = ['bridge', 'portmap', 'firewall', 'tuning'];
      expect(verbs(steps.get('Status'))).toEqual(isNew ? order.map((plugin) => `${plugin} STATUS`) : []);
      const versions = steps.get('RunPodSandbox')?.map(({ stdin }) => stdin['cniVersion']);
      expect(new Set(versions)).toEqual(new Set(['0.3.1', isNew ? '1.1.0' : '1.0.0']));
    });
  });

  test('podman asks for versions with dummies, and for addresses in CNI_ARGS', () => {
    const calls = [...stepsOf('podman-4.3').values()].flat();
    const asked = calls.filter(({ variables }) => variables['CNI_COMMAND'] === 'VERSION');
    expect(asked.length).toBeGreaterThan(4);
    for (const { variables, stdin } of asked) {
      expect([variables['CNI_NETNS'], variables['CNI_IFNAME'], stdin]).toEqual([
        'dummy',
        'dummy',
        { cniVersion: '1.0.0' },
      ]);
    }
    const bridge = calls.find(({ plugin, variables }) => plugin === 'bridge' && variables['CNI_COMMAND'] === 'ADD');
    expect(bridge?.variables['CNI_ARGS']).toBe('IP=10.89.5.77;IgnoreUnknown=1;K8S_POD_NAME=web;MAC=02:11:22:33:44:55');
  });
});
