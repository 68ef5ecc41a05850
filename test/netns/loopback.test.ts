import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Pod } from './harness/host.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall, type PluginOutcome, pluginEnvironment } from './harness/plugin.ts';
import { expectUnchanged, takeSnapshot } from './harness/snapshot.ts';
import { useHost } from './harness/use.ts';
import { withoutProgram } from './harness/without.ts';

const host = await useHost();

const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** Without the JIT the plugin cannot enter namespaces itself and does all through nsenter. */
const WITHOUT_JIT = { BUN_JSC_useJIT: '0' };

type Options = Partial<PluginCall> & { readonly cniVersion?: string; readonly prevResult?: unknown };

function call(verb: string, netns: string | undefined, options: Options = {}): Promise<PluginOutcome> {
  const { cniVersion = '1.0.0', prevResult, ...rest } = options;
  const conf = { cniVersion, name: 'lo', type: 'loopback', ...(prevResult === undefined ? {} : { prevResult }) };
  const ids = { containerId: 'c1', ifName: 'lo', ...(netns === undefined ? {} : { netns }) };
  return callPlugin(host, 'loopback', { verb, ...ids, conf, ...rest });
}

/** Expects a call to have succeeded in silence. */
function expectSilence({ exitCode, stdout, stderr }: PluginOutcome): void {
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
}

async function isUp(pod: Pod): Promise<boolean> {
  return (await pod.ip('link show dev lo')).includes('<LOOPBACK,UP');
}

/** What the specification's versions say about the same two addresses. */
function resultOf(version: string, sandbox: string): object {
  const v4 = { address: '127.0.0.1/8', interface: 0 };
  const v6 = { address: '::1/128', interface: 0 };
  const interfaces = [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox }];
  if (version < '0.3.0') {
    return { cniVersion: version, ip4: { ip: '127.0.0.1/8' }, ip6: { ip: '::1/128' }, dns: {} };
  }
  if (version >= '1.0.0') return { cniVersion: version, interfaces, ips: [v4, v6] };
  const ips = [
    { version: '4', ...v4 },
    { version: '6', ...v6 },
  ];
  return { cniVersion: version, interfaces, ips, dns: {} };
}

/** The result of a plugin that came before in the list. */
function previousResult(version: string, sandbox: string): object {
  const gateway = '10.1.2.1';
  if (version < '0.3.0') {
    const ip4 = { ip: '10.1.2.3/24', gateway, routes: [{ dst: '0.0.0.0/0', gw: gateway }] };
    return { cniVersion: version, ip4, dns: { nameservers: ['10.1.2.2'] } };
  }
  const ip = { address: '10.1.2.3/24', gateway, interface: 0 };
  return {
    cniVersion: version,
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox }],
    ips: [version < '1.0.0' ? { version: '4', ...ip } : ip],
    routes: [{ dst: '0.0.0.0/0', gw: gateway }],
    dns: { nameservers: ['10.1.2.2'] },
  };
}

describe.each([
  ['by itself', {}],
  ['through nsenter', WITHOUT_JIT],
] as const)('the life of an attachment, %s', (_how, env) => {
  test.each(VERSIONS)('%s', async (cniVersion) => {
    const pod = await host.addPod();
    await pod.wearIn();
    const before = await takeSnapshot(host);
    const add = await call('ADD', pod.path, { cniVersion, env });
    expect(add.stderr).toBe('');
    expect(add.exitCode).toBe(0);
    expect(add.result).toEqual(resultOf(cniVersion, pod.path));
    expect(await isUp(pod)).toBe(true);

    const check = await call('CHECK', pod.path, { cniVersion, env, prevResult: add.result });
    if (cniVersion >= '0.4.0') expectSilence(check);
    else expect(check.error).toMatchObject({ code: 1, msg: 'config version does not allow CHECK' });

    const attachments = [{ containerID: 'c1', ifname: 'lo' }];
    const conf = { cniVersion, name: 'lo', type: 'loopback', 'cni.dev/valid-attachments': attachments };
    const gc = await callPlugin(host, 'loopback', { verb: 'GC', conf, env });
    const status = await callPlugin(host, 'loopback', { verb: 'STATUS', conf, env });
    if (cniVersion >= '1.1.0') [gc, status].forEach(expectSilence);
    else {
      expect(gc.error).toMatchObject({ code: 1, msg: 'config version does not allow GC' });
      expect(status.error).toMatchObject({ code: 1, msg: 'config version does not allow STATUS' });
    }
    expect(await isUp(pod)).toBe(true);

    expectSilence(await call('DEL', pod.path, { cniVersion, env, prevResult: add.result }));
    expectUnchanged(before, await takeSnapshot(host));
    expectSilence(await call('DEL', pod.path, { cniVersion, env }));
    expectSilence(await call('DEL', '', { cniVersion, env }));
    expectUnchanged(before, await takeSnapshot(host));
  });
});

describe('ADD', () => {
  test('without a version answers as the first version of the specification', async () => {
    const pod = await host.addPod();
    const { result } = await call('ADD', pod.path, { conf: { name: 'lo', type: 'loopback' } });
    expect(result).toEqual(resultOf('0.1.0', pod.path));
  });

  test('twice says the same twice', async () => {
    const pod = await host.addPod();
    const first = await call('ADD', pod.path);
    const before = await takeSnapshot(host);
    const second = await call('ADD', pod.path);
    expect(second.stdout).toBe(first.stdout);
    expectUnchanged(before, await takeSnapshot(host));
  });

  test.each(VERSIONS)('hands the result of the plugin before on in %s, and still sets lo up', async (cniVersion) => {
    const pod = await host.addPod();
    const prevResult = previousResult(cniVersion, pod.path);
    expect((await call('ADD', pod.path, { cniVersion, prevResult })).result).toEqual(prevResult);
    expect(await isUp(pod)).toBe(true);
  });

  test('as containerd calls it before anything else', async () => {
    const pod = await host.addPod();
    const netns = `/var${pod.path}`;
    const conf = '{"cniVersion":"0.3.1","name":"cni-loopback","type":"loopback"}';
    const args = 'K8S_POD_UID=u-1;IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_NAMESPACE=default';
    expect((await call('ADD', netns, { conf, args })).result).toEqual(resultOf('0.3.1', netns));
    expectSilence(await call('DEL', netns, { conf, args }));
    expectSilence(await call('DEL', '', { conf, args }));
    expect(await isUp(pod)).toBe(false);
  });

  test.each([
    ['has no room', '"$0" >/dev/full; echo $? >&2'],
    // The reader is gone long before the plugin writes.
    ['has nobody at its other end', '{ sleep 0.2; "$0"; echo $? >&2; } | true'],
  ])('whose result cannot be delivered because stdout %s is taken back', async (_why, script) => {
    const pod = await host.addPod();
    await pod.wearIn();
    const before = await takeSnapshot(host);
    const trace = join(temporaryFolder(), 'trace');
    const ids = { containerId: 'c1', netns: pod.path, ifName: 'lo' };
    const env = pluginEnvironment({ verb: 'ADD', ...ids, env: { CNI_TS_TRACE: trace } });
    const stdin = JSON.stringify({ cniVersion: '1.0.0', name: 'lo', type: 'loopback' });
    const { stderr } = await host.run(['sh', '-c', script, join(BUILT_PLUGINS, 'loopback')], { env, stdin });
    expect(stderr).toBe('1\n');
    expect(readFileSync(trace, 'utf8')).toContain('link set dev lo up');
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('refuses a malformed result of the plugin before, and has done nothing', async () => {
    const pod = await host.addPod();
    const before = await takeSnapshot(host);
    const { error } = await call('ADD', pod.path, { prevResult: { cniVersion: '1.0.0', ips: [{ address: 'x' }] } });
    expect(error?.msg).toMatch(/^failed to parse network config: |^could not parse prevResult: /);
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('refuses an address that is not a loopback address, and lo is down again', async () => {
    const pod = await host.addPod();
    await pod.wearIn();
    await pod.ip('addr add 10.0.0.1/32 dev lo');
    const before = await takeSnapshot(host);
    const { error } = await call('ADD', pod.path);
    expect(error).toMatchObject({
      cniVersion: '1.0.0',
      code: 999,
      msg: 'loopback interface found with non-loopback address "10.0.0.1"',
    });
    expect(error?.details).toContain('ip addr del 10.0.0.1');
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('refuses such an address on a lo that was up, and leaves it up', async () => {
    const pod = await host.addPod();
    await pod.ip('link set dev lo up');
    await pod.ip('addr add fd00::1/128 dev lo');
    const before = await takeSnapshot(host);
    const { error } = await call('ADD', pod.path);
    expect(error?.msg).toBe('loopback interface found with non-loopback address "fd00::1"');
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('takes any address of 127.0.0.0/8', async () => {
    const pod = await host.addPod();
    await pod.ip('link set dev lo up');
    await pod.ip('addr add 127.9.9.9/32 dev lo');
    expect((await call('ADD', pod.path)).result).toEqual(resultOf('1.0.0', pod.path));
  });

  test('names only the family that there is', async () => {
    const pod = await host.addPod();
    await pod.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/lo/disable_ipv6']);
    const { result } = await call('ADD', pod.path);
    expect(result?.ips).toEqual([{ address: '127.0.0.1/8', interface: 0 }]);
    const old = await call('ADD', pod.path, { cniVersion: '0.2.0' });
    expect(old.result).toEqual({ cniVersion: '0.2.0', ip4: { ip: '127.0.0.1/8' }, dns: {} });
  });

  test('into the namespace of a process', async () => {
    const pod = await host.addPod();
    const { pid, stop } = pod.start(['sleep', '60']);
    await expect.poll(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toBe('sleep\x0060\0');
    const path = `/proc/${pid}/ns/net`;
    expect((await call('ADD', path)).result).toEqual(resultOf('1.0.0', path));
    expect(await isUp(pod)).toBe(true);
    expectSilence(await call('DEL', path));
    expect(await isUp(pod)).toBe(false);
    await stop();
    expectSilence(await call('DEL', path));
  });

  test('thirty at once', async () => {
    const pods = await Promise.all(Array.from({ length: 30 }, () => host.addPod()));
    const outcomes = await Promise.all(pods.map((pod, index) => call('ADD', pod.path, { containerId: `c${index}` })));
    expect(outcomes.map(({ result }) => result)).toEqual(pods.map((pod) => resultOf('1.0.0', pod.path)));
    expect(await Promise.all(pods.map(isUp))).not.toContain(false);
    for (const outcome of await Promise.all(pods.map((pod) => call('DEL', pod.path)))) expectSilence(outcome);
    expect(await Promise.all(pods.map(isUp))).not.toContain(true);
  });
});

describe.each([
  ['by itself', {}],
  ['through nsenter', WITHOUT_JIT],
] as const)('a namespace that cannot be used, %s', (_how, env) => {
  const nowhere = '/run/netns/nowhere';

  test('ADD and CHECK say that there is none, DEL is content', async () => {
    const message = `failed to Statfs "${nowhere}": no such file or directory`;
    expect((await call('ADD', nowhere, { env })).error).toMatchObject({ code: 999, msg: message });
    expect((await call('CHECK', nowhere, { env })).error).toMatchObject({ code: 999, msg: message });
    expectSilence(await call('DEL', nowhere, { env }));
    expectSilence(await call('DEL', undefined, { env }));
  });

  test('ADD needs a value', async () => {
    const expected = { code: 4, msg: 'required env variables [CNI_NETNS] missing' };
    expect((await call('ADD', '', { env })).error).toMatchObject(expected);
    expect((await call('ADD', undefined, { env })).error).toMatchObject(expected);
  });

  test('a regular file is none, also for DEL', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    for (const verb of ['ADD', 'CHECK', 'DEL']) {
      const { error } = await call(verb, file, { env });
      expect(error?.msg, verb).toMatch(/^unknown FS magic on ".*\/file": [0-9a-f]+$/);
    }
  });

  test('the host’s own namespace is refused before anything is done', async () => {
    const error = { code: 8, msg: "plugin's netns and netns from CNI_NETNS should not be the same" };
    for (const path of ['/proc/self/ns/net', `/proc/${host.pid}/ns/net`]) {
      expect((await call('ADD', path, { env })).error).toMatchObject(error);
      expect((await call('DEL', path, { env })).error).toMatchObject(error);
    }
    // DEL would have set it down.
    expect(await host.ip('link show dev lo')).toContain('<LOOPBACK,UP');
    const allowed = await call('ADD', '/proc/self/ns/net', { env: { ...env, CNI_NETNS_OVERRIDE: '1' } });
    expect(allowed.result).toEqual(resultOf('1.0.0', '/proc/self/ns/net'));
  });

  test('a pod that was removed: DEL is content', async () => {
    const pod = await host.addPod();
    expect((await call('ADD', pod.path, { env })).exitCode).toBe(0);
    await pod.remove();
    expectSilence(await call('DEL', pod.path, { env }));
  });
});

describe('CHECK', () => {
  test('finds a lo that is down', async () => {
    const pod = await host.addPod();
    const { result } = await call('ADD', pod.path);
    await pod.ip('link set dev lo down');
    const { error } = await call('CHECK', pod.path, { prevResult: result });
    expect(error).toMatchObject({ code: 999, msg: 'loopback interface is down' });
    expect(error?.details).toContain(pod.path);
    expect(await isUp(pod)).toBe(false);
  });
});

describe('a host without ip', () => {
  const conf = { cniVersion: '1.1.0', name: 'lo', type: 'loopback' };

  test('all verbs that need it say what to install, and nothing is done', async () => {
    const pod = await host.addPod();
    const before = await takeSnapshot(host);
    await withoutProgram(host, 'ip', async () => {
      const { error } = await callPlugin(host, 'loopback', { verb: 'STATUS', conf });
      expect(error).toMatchObject({ code: 50, msg: 'plugin loopback is not available' });
      expect(error?.details).toContain('install iproute2');
      for (const verb of ['ADD', 'CHECK', 'DEL']) {
        expect((await call(verb, pod.path)).error?.details, verb).toContain('install iproute2');
      }
      expectSilence(await call('DEL', '', { conf }));
    });
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('or with one that only PATH does not lead to: it is found', async () => {
    const pod = await host.addPod();
    const env = { PATH: temporaryFolder() };
    expect((await call('ADD', pod.path, { env })).result).toEqual(resultOf('1.0.0', pod.path));
    expectSilence(await callPlugin(host, 'loopback', { verb: 'STATUS', conf, env }));
  });
});

describe('a trace', () => {
  test('has one JSON line for each step, and nothing else is different', async () => {
    const folder = temporaryFolder();
    const env = { CNI_TS_TRACE: join(folder, 'trace') };
    const pod = await host.addPod();
    const plain = await call('ADD', pod.path);
    const traced = await call('ADD', pod.path, { env });
    expect(traced.stdout).toBe(plain.stdout);
    expect(traced.stderr).toBe('');
    const lines = readFileSync(join(folder, 'trace'), 'utf8').trimEnd().split('\n');
    const entries = lines.map((line): { what: string } => JSON.parse(line));
    for (const entry of entries) expect(entry).toMatchObject({ plugin: 'loopback', place: pod.path, outcome: 'ok' });
    const enter = `nsenter --net=${pod.path}`;
    expect(entries.map(({ what }) => what)).toEqual([
      expect.stringMatching(`^${enter} ip .*addr show dev lo$`),
      `${enter} ip link set dev lo up`,
      expect.stringMatching(`^${enter} ip .*addr show dev lo$`),
    ]);
  });

  test('that cannot be written changes nothing', async () => {
    const pod = await host.addPod();
    const traced = await call('ADD', pod.path, { env: { CNI_TS_TRACE: '/nowhere/trace' } });
    expect(traced.result).toEqual(resultOf('1.0.0', pod.path));
    expect(traced.stderr).toBe('');
  });
});

/** A folder that is gone after the test. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-loopback-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
