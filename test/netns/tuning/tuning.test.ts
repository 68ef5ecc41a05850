import { describe, expect, test } from 'vitest';
import { BY_IP } from '../harness/drivers.ts';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { PREVIOUS } from './support.ts';

const host = await useHost({ mayStay: [/^file \/run\/cni(?:-ts)?(?:\/tuning|\/attachments)? folder/] });

async function podWithLink() {
  const pod = await host.addPod();
  await pod.ip('link add name eth0 type veth peer name other');
  await pod.ip('link set dev eth0 up');
  return pod;
}

function call(verb: string, netns: string, conf: object, env: Readonly<Record<string, string>> = {}) {
  const full = { cniVersion: '1.1.0', name: 'net', type: 'tuning', prevResult: { ...PREVIOUS, cniVersion: '1.1.0' } };
  return callPlugin(host, 'tuning', {
    verb,
    containerId: 'c1',
    netns,
    ifName: 'eth0',
    conf: { ...full, ...conf },
    env,
  });
}

test('all settings that cannot be made are named, and the others are taken back', async () => {
  const pod = await podWithLink();
  const sysctl = { 'net.core.somaxconn': '77', 'net.ipv4.nothing': '1', 'net.ipv4.conf.eth0.arp_notify': 'x' };
  const { error } = await call('ADD', pod.path, { sysctl });
  expect(`${error?.msg} ${error?.details}`).toMatch(/net\/ipv4\/nothing.*net\/ipv4\/conf\/eth0\/arp_notify/);
  const { stdout } = await pod.run(['cat', '/proc/sys/net/core/somaxconn']);
  expect(stdout).not.toBe('77\n');
});

test('an interface that cannot be changed as asked is as before, and nothing is noted', async () => {
  const pod = await podWithLink();
  const before = await pod.ip('-j link show dev eth0');
  const { error } = await call('ADD', pod.path, {
    mac: '02:00:00:00:00:09',
    mtu: 10,
    sysctl: { 'net.core.somaxconn': '7' },
  });
  expect(error?.msg).toBe('failed to set mtu of "eth0": invalid argument');
  expect(await pod.ip('-j link show dev eth0')).toBe(before);
  expect((await pod.run(['cat', '/proc/sys/net/core/somaxconn'])).stdout).not.toBe('7\n');
});

test('CHECK names everything that differs', async () => {
  const pod = await podWithLink();
  const conf = {
    mtu: 1400,
    txQLen: 50,
    allmulti: true,
    promisc: true,
    mac: '02-00-00-00-00-0A',
    sysctl: { 'net.core.somaxconn': '70' },
  };
  expect((await call('ADD', pod.path, conf)).exitCode).toBe(0);
  expect((await call('CHECK', pod.path, conf)).stdout).toBe('');
  await pod.ip('link set dev eth0 mtu 1300 txqueuelen 9 allmulticast off promisc off address 02:00:00:00:00:77');
  await pod.run(['sh', '-c', 'echo 8 >/proc/sys/net/core/somaxconn']);
  const { error } = await call('CHECK', pod.path, conf);
  for (const word of ['somaxconn is 70', 'Ethernet', 'promisc', 'MTU', 'all-multicast', 'Queue Length']) {
    expect(error?.details).toContain(word);
  }
  await call('DEL', pod.path, conf);
});

describe('DEL succeeds', () => {
  const conf = { mtu: 1400 };
  test.each<[string, (netns: string) => Promise<string>]>([
    ['when the namespace is gone', async () => '/run/netns/gone'],
    ['without a namespace', async () => ''],
    ['when the interface is gone', async (netns) => netns],
  ])('%s, and forgets', async (_, prepare) => {
    const pod = await podWithLink();
    expect((await call('ADD', pod.path, conf)).exitCode).toBe(0);
    const netns = await prepare(pod.path);
    if (netns === pod.path) await pod.ip('link del dev eth0');
    expect((await call('DEL', netns, conf)).stdout).toBe('');
    expect((await host.run(['ls', '/run/cni/tuning'])).stdout).toBe('');
  });

  test('with a damaged file', async () => {
    const pod = await podWithLink();
    await call('ADD', pod.path, conf);
    await host.run(['sh', '-c', 'echo "{" >/run/cni/tuning/c1_eth0.json']);
    expect((await call('DEL', pod.path, conf)).exitCode).toBe(0);
    expect((await host.run(['ls', '/run/cni/tuning'])).stdout).toBe('');
  });

  test('a second time', async () => {
    const pod = await podWithLink();
    await call('ADD', pod.path, conf);
    expect((await call('DEL', pod.path, conf)).exitCode).toBe(0);
    expect((await call('DEL', '', conf)).exitCode).toBe(0);
    expect(JSON.parse(await pod.ip('-j link show dev eth0'))).toMatchObject([{ mtu: 1500 }]);
  });
});

test('GC forgets what no valid attachment has, and nothing else', async () => {
  const pod = await podWithLink();
  await call('ADD', pod.path, { mtu: 1400 });
  const valid = [{ containerID: 'c1', ifname: 'eth0' }];
  await call('GC', '', { 'cni.dev/valid-attachments': valid });
  expect((await host.run(['ls', '/run/cni/tuning'])).stdout).toBe('c1_eth0.json\n');
  await call('GC', '', { name: 'other', 'cni.dev/valid-attachments': [] });
  expect((await host.run(['ls', '/run/cni/tuning'])).stdout).toBe('c1_eth0.json\n');
  await call('GC', '', { 'cni.dev/valid-attachments': [] });
  expect((await host.run(['ls', '/run/cni/tuning'])).stdout).toBe('');
});

test.each(['DEL', 'GC'])('%s also removes what a killed ADD has left half written', async (verb) => {
  const pod = await podWithLink();
  await call('ADD', pod.path, { mtu: 1400 });
  await host.run(['mv', '/run/cni/tuning/c1_eth0.json', '/run/cni/tuning/c1_eth0.tmp']);
  if (verb === 'DEL') await call('DEL', pod.path, { mtu: 1400 });
  else await call('GC', '', { 'cni.dev/valid-attachments': [] });
  expect((await host.run(['ls', '/run/cni/tuning'])).stdout).toBe('');
});

test('by programs alone', async () => {
  const pod = await podWithLink();
  const conf = { mtu: 1400, promisc: true, allmulti: true, sysctl: { 'net.core.somaxconn': '70' } };
  const env = BY_IP;
  expect((await call('ADD', pod.path, conf, env)).exitCode).toBe(0);
  expect((await call('CHECK', pod.path, conf, env)).stdout).toBe('');
  expect((await call('DEL', pod.path, conf, env)).exitCode).toBe(0);
  expect(JSON.parse(await pod.ip('-j link show dev eth0'))).toMatchObject([{ mtu: 1500 }]);
});
