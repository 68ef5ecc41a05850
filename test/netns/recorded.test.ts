import { describe, expect, test } from 'vitest';
import { type RecordedCall, recordings } from '../protocol/recording.ts';
import { STAYS } from '../runtimes/harness/stays.ts';
import { removeSubnet, writeSubnet } from '../runtimes/lists.ts';
import type { Pod } from './harness/host.ts';
import { BUILT_PLUGINS, callPlugin } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';

const host = await useHost({ mayStay: STAYS });

/** Namespaces that runtimes name; an empty one and podman's dummy are passed on as they are. */
function namespacesIn(calls: readonly RecordedCall[]): ReadonlySet<string> {
  return new Set(calls.flatMap(({ variables }) => variables['CNI_NETNS'] ?? []).filter((path) => path.includes('/')));
}

/** The variables and the document of a call, about namespaces that there are. */
function placed(call: RecordedCall, pods: ReadonlyMap<string, Pod>): Pick<RecordedCall, 'variables' | 'stdin'> {
  let text = JSON.stringify({ variables: call.variables, stdin: call.stdin });
  for (const [path, pod] of pods) text = text.replaceAll(path, pod.path);
  const { variables, stdin } = JSON.parse(text) as Pick<RecordedCall, 'variables' | 'stdin'>;
  const path = variables['CNI_PATH']?.replaceAll('/opt/cni/bin', BUILT_PLUGINS);
  return { variables: path === undefined ? variables : { ...variables, CNI_PATH: path }, stdin };
}

async function play(call: RecordedCall, pods: ReadonlyMap<string, Pod>) {
  const { variables, stdin } = placed(call, pods);
  const { CNI_COMMAND: verb = '', ...env } = variables;
  return callPlugin(host, call.plugin, { verb, conf: stdin, env });
}

describe.each(recordings())('%s', (_, { steps }) => {
  test('all calls succeed without a word, and leave nothing', async () => {
    writeSubnet(host);
    const calls = steps.flatMap((step) => step.calls);
    const pods = new Map<string, Pod>();
    for (const path of namespacesIn(calls)) pods.set(path, await host.addPod());
    expect(pods.size).toBeGreaterThan(0);
    for (const call of calls) {
      const { exitCode, stdout, stderr } = await play(call, pods);
      expect({ exitCode, stderr }, `${call.plugin} ${call.variables['CNI_COMMAND']}: ${stdout}`).toEqual({
        exitCode: 0,
        stderr: '',
      });
    }
    removeSubnet(host);
    // The bridge would have an address of another recording; podman removes those of its networks itself.
    const found = JSON.parse(await host.ip('-j link show type bridge')) as readonly { readonly ifname?: string }[];
    for (const { ifname } of found) if (ifname !== undefined) await host.ip(`link del dev ${ifname}`);
  });
});
