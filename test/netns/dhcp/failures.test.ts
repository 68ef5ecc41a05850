import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Background } from '../harness/place.ts';
import { BUILT_PLUGINS, pluginEnvironment } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import {
  call,
  confOf,
  createNetwork,
  eventually,
  leaseFiles,
  MAY_STAY,
  type Network,
  startDaemon,
  textOf,
} from './network.ts';
import { startDnsmasq, stopServers } from './servers.ts';

const host = await useHost({ mayStay: MAY_STAY });
let network: Network;
let daemon: Background;
beforeAll(async () => {
  network = await createNetwork(host);
});
beforeEach(async () => {
  daemon = await startDaemon(host, ['-timeout', '300ms', '-resendtimeout', '2s']);
});
afterEach(async () => {
  await stopServers();
  await daemon.stop();
});

/** An ADD in the background; gives what ends it. */
async function addInBackground(containerId: string, program = 'macvlan') {
  const pod = await host.addPod();
  const env = pluginEnvironment({ verb: 'ADD', containerId, netns: pod.path, ifName: 'eth0' });
  const add = host.start([`${BUILT_PLUGINS}/${program}`], { env, stdin: JSON.stringify(confOf()) });
  await eventually(async () => expect((await pod.run(['ip', 'link', 'show', 'dev', 'eth0'])).stdout).toContain('UP'));
  return { pod, add };
}

test('without a server an ADD ends in time, and a link that was down is down again', async () => {
  const pod = await host.addPod();
  const { error } = await call(network, 'ADD', pod, 'c1');
  expect(error?.msg).toBe('error calling DHCP.Allocate: no more tries');
  expect((await pod.run(['ip', 'link', 'show', 'dev', 'eth0'])).exitCode).toBe(1);
  await host.ip('link add mv0 link lan0 type macvlan mode bridge');
  await host.ip(`link set dev mv0 netns ${pod.name}`);
  await pod.ip('link set dev mv0 name eth0');
  // The first time leaves a queue behind that no going down removes.
  await pod.ip('link set dev eth0 up');
  await pod.ip('link set dev eth0 down');
  const before = await pod.ip('link show dev eth0');
  const alone = await call(network, 'ADD', pod, 'c1', { plugin: 'dhcp' });
  expect(alone.error?.msg).toBe('error calling DHCP.Allocate: no more tries');
  expect(await pod.ip('link show dev eth0')).toBe(before);
  expect(leaseFiles(host)).toEqual([]);
  await pod.ip('link del dev eth0');
});

test('an address that cannot be used is given back', async () => {
  const far = '--dhcp-option-force=option:classless-static-route,10.9.0.0/16,192.168.9.9';
  const server = await startDnsmasq(network, { more: [far] });
  const pod = await host.addPod();
  const { error } = await call(network, 'ADD', pod, 'c1');
  expect(error?.msg).toContain('unreachable');
  await eventually(() => expect(server.leased()).toEqual([]));
  expect(server.count('DHCPACK')).toBe(1);
  expect(leaseFiles(host)).toEqual([]);
  expect((await pod.run(['ip', 'link', 'show', 'dev', 'eth0'])).exitCode).toBe(1);
});

test('whoever is killed while it waits gets no address later', async () => {
  const { pod, add } = await addInBackground('c2');
  await add.stop();
  const server = await startDnsmasq(network);
  await setTimeout(1500);
  expect([server.leased(), leaseFiles(host)]).toEqual([[], []]);
  expect((await call(network, 'DEL', pod, 'c2')).error).toBeUndefined();
});

test('a daemon that is killed in the midst of an ADD fails it', async () => {
  const { pod } = await addInBackground('c3');
  await daemon.stop();
  await eventually(async () => {
    expect((await pod.run(['ip', 'link', 'show', 'dev', 'eth0'])).exitCode).toBe(1);
  });
  daemon = await startDaemon(host);
  expect(leaseFiles(host)).toEqual([]);
});

test('an ADD that is repeated has the same lease, and CHECK of a stranger makes none', async () => {
  const server = await startDnsmasq(network);
  const pod = await host.addPod();
  await call(network, 'ADD', pod, 'c4');
  const again = await call(network, 'ADD', pod, 'c4', { plugin: 'dhcp' });
  expect(again.result?.ips?.map(({ address }) => address.replace(/\/.*/, ''))).toEqual(server.leased());
  expect(server.count('DHCPACK')).toBe(1);
  const stranger = await call(network, 'CHECK', pod, 'c5', { plugin: 'dhcp' });
  expect(stranger.error?.msg).toContain('has no lease');
  expect(server.leased()).toHaveLength(1);
  await pod.ip('link del dev eth0');
  const vanished = await call(network, 'CHECK', pod, 'c4', { plugin: 'dhcp' });
  expect(vanished.error?.msg).toContain('has no lease');
  await call(network, 'DEL', pod, 'c4');
  await eventually(() => expect(server.leased()).toEqual([]));
  expect(textOf(host, '/run/dhcp/daemon.log')).not.toContain('Error');
});
