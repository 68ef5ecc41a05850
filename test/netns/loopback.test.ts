import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byDriver } from './harness/drivers.ts';
import { callPlugin } from './harness/plugin.ts';
import { expectUnchanged, takeSnapshot } from './harness/snapshot.ts';
import { useHost } from './harness/use.ts';
import {
  expectSilence,
  isUp,
  loopbackOn,
  previousResult,
  resultOf,
  temporaryFolder,
  VERSIONS,
  WAYS,
} from './loopback-calls.ts';

const host = await useHost();
const call = loopbackOn(host);

describe.each(WAYS)('the life of an attachment, %s', (_how, env) => {
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
    const look = expect.stringMatching(`^${enter} ip .*addr show dev lo$`);
    // Of a program that is ended in the midst of several commands it is not known what it saw, so one looks before.
    const before = byDriver({ native: [], ip: [look] });
    expect(entries.map(({ what }) => what)).toEqual([...before, look, `${enter} ip link set dev lo up`, look]);
  });

  test('does not go through a link or into a pipe that somebody has put in its place', async () => {
    const folder = temporaryFolder();
    const pod = await host.addPod();
    writeFileSync(join(folder, 'shadow'), 'precious');
    symlinkSync('shadow', join(folder, 'trace'));
    await host.run(['mkfifo', join(folder, 'pipe')]);
    for (const name of ['trace', 'pipe']) {
      const traced = await call('ADD', pod.path, { env: { CNI_TS_TRACE: join(folder, name) } });
      expect(traced.result).toEqual(resultOf('1.0.0', pod.path));
    }
    expect(readFileSync(join(folder, 'shadow'), 'utf8')).toBe('precious');
  });

  test('that cannot be written changes nothing', async () => {
    const pod = await host.addPod();
    const traced = await call('ADD', pod.path, { env: { CNI_TS_TRACE: '/nowhere/trace' } });
    expect(traced.result).toEqual(resultOf('1.0.0', pod.path));
    expect(traced.stderr).toBe('');
  });
});
