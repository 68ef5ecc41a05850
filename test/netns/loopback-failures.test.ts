import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BY_IP, NATIVE } from './harness/drivers.ts';
import { BUILT_PLUGINS, callPlugin, pluginEnvironment } from './harness/plugin.ts';
import { expectUnchanged, takeSnapshot } from './harness/snapshot.ts';
import { useHost } from './harness/use.ts';
import { withoutProgram } from './harness/without.ts';
import { expectSilence, isUp, loopbackOn, resultOf, temporaryFolder, WAYS } from './loopback-calls.ts';

const host = await useHost();
const call = loopbackOn(host);

describe('an ADD that fails', () => {
  test('over a malformed result of the plugin before has done nothing', async () => {
    const pod = await host.addPod();
    const before = await takeSnapshot(host);
    const { error } = await call('ADD', pod.path, { prevResult: { cniVersion: '1.0.0', ips: [{ address: 'x' }] } });
    expect(error?.msg).toMatch(/^failed to parse network config: |^could not parse prevResult: /);
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('over an address that is not a loopback address sets lo down again', async () => {
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

  test('over such an address leaves a lo up that was up', async () => {
    const pod = await host.addPod();
    await pod.ip('link set dev lo up');
    // With nodad its route comes with it, and not when the kernel finds the time.
    await pod.ip('addr add fd00::1/128 dev lo nodad');
    const before = await takeSnapshot(host);
    const { error } = await call('ADD', pod.path);
    expect(error?.msg).toBe('loopback interface found with non-loopback address "fd00::1"');
    expectUnchanged(before, await takeSnapshot(host));
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
});

describe.each(WAYS)('a namespace that cannot be used, %s', (_how, env) => {
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

  test('a regular file is none; DEL is content', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    for (const verb of ['ADD', 'CHECK']) {
      const { error } = await call(verb, file, { env });
      expect(error?.msg, verb).toMatch(/^unknown FS magic on ".*\/file": [0-9a-f]+$/);
    }
    expectSilence(await call('DEL', file, { env }));
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

  const native = NATIVE;
  const withoutNative = [BY_IP];

  test('does not miss it while the kernel is spoken to directly', async () => {
    const pod = await host.addPod();
    await withoutProgram(host, 'ip', async () => {
      expectSilence(await callPlugin(host, 'loopback', { verb: 'STATUS', conf, env: native }));
      expect((await call('ADD', pod.path, { env: native })).result).toEqual(resultOf('1.0.0', pod.path));
      expectSilence(await call('CHECK', pod.path, { env: native }));
      expectSilence(await call('DEL', pod.path, { env: native }));
    });
  });

  test.each(withoutNative)('needs it with %o: all verbs say what to install, and nothing is done', async (env) => {
    const pod = await host.addPod();
    const before = await takeSnapshot(host);
    await withoutProgram(host, 'ip', async () => {
      const { error } = await callPlugin(host, 'loopback', { verb: 'STATUS', conf, env });
      expect(error).toMatchObject({ code: 50, msg: 'plugin loopback is not available' });
      expect(error?.details).toContain('install iproute2');
      for (const verb of ['ADD', 'CHECK', 'DEL']) {
        expect((await call(verb, pod.path, { env })).error?.details, verb).toContain('install iproute2');
      }
      expectSilence(await call('DEL', '', { conf, env }));
    });
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('or with one that only PATH does not lead to: it is found', async () => {
    const pod = await host.addPod();
    const env = { PATH: temporaryFolder(), ...BY_IP };
    expect((await call('ADD', pod.path, { env })).result).toEqual(resultOf('1.0.0', pod.path));
    expectSilence(await callPlugin(host, 'loopback', { verb: 'STATUS', conf, env }));
  });
});

test('where /proc is not mounted VERSION answers, and an ADD says what is needed', async () => {
  const pod = await host.addPod();
  const namespace = '/mnt/namespace';
  const steps = ['mount -nt tmpfs tmpfs /mnt', `touch ${namespace}`, `mount -n --bind "$CNI_NETNS" ${namespace}`];
  const script = `${steps.join('; ')}; umount -nl /proc; CNI_NETNS=${namespace} exec "$0"`;
  const conf = '{"cniVersion":"1.0.0","name":"lo","type":"loopback"}';
  const without = (verb: string) =>
    host.run(['unshare', '--mount', 'sh', '-c', script, join(BUILT_PLUGINS, 'loopback')], {
      env: pluginEnvironment({ verb, containerId: 'c1', ifName: 'lo', netns: pod.path }),
      stdin: conf,
    });
  expect(JSON.parse((await without('VERSION')).stdout)).toHaveProperty('supportedVersions');
  const { stdout, exitCode } = await without('ADD');
  expect([exitCode, JSON.parse(stdout).msg]).toEqual([1, expect.stringContaining('without /proc')]);
  expect(await isUp(pod)).toBe(false);
});
