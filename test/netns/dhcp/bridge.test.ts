import { afterEach, beforeAll, expect, test } from 'vitest';
import { createHost, type Host } from '../harness/host.ts';
import { useHost } from '../harness/use.ts';
import {
  addressOf,
  call,
  createNetwork,
  eventually,
  leaseFiles,
  MAY_STAY,
  type Network,
  startDaemon,
} from './network.ts';
import { startDnsmasq, stopServers } from './servers.ts';

// The bridge gets an address of its own accord, some time after its first port is up.
const host = await useHost({ mayStay: [...MAY_STAY, /fe80::/] });
let network: Network;
beforeAll(async () => {
  network = await createBridged(host);
});
afterEach(stopServers);

/** A host whose bridge has the server behind one of its ports, and that has a daemon. */
async function createBridged(on: Host): Promise<Network> {
  const bridged = await createNetwork(on);
  await on.ip('link add name br5 type bridge');
  await on.ip('link set dev br5 addrgenmode none up');
  await on.ip('link set dev lan0 master br5');
  await startDaemon(on, ['-timeout', '300ms', '-resendtimeout', '2s']);
  return bridged;
}

const confOf = (more: object = {}) => ({
  cniVersion: '1.1.0',
  name: 'net',
  type: 'bridge',
  bridge: 'br5',
  ipam: { type: 'dhcp' },
  ...more,
});

test('a server on the bridge is asked through the link of the container', async () => {
  const server = await startDnsmasq(network);
  const pod = await host.addPod();
  const added = await call(network, 'ADD', pod, 'c1', { plugin: 'bridge', conf: confOf() });
  const address = addressOf(added);
  expect(added.result?.interfaces?.map(({ name }) => name)).toEqual(['br5', expect.stringMatching(/^veth/), 'eth0']);
  expect(added.result?.ips).toEqual([{ address, gateway: '10.5.0.1', interface: 2 }]);
  expect(await pod.ip('addr show dev eth0')).toContain(address);
  expect(await pod.ip('route show default')).toContain('via 10.5.0.1');
  expect((await pod.run(['ping', '-c1', '-W1', '10.5.0.1'])).exitCode).toBe(0);
  const conf = confOf({ prevResult: added.result });
  expect((await call(network, 'CHECK', pod, 'c1', { plugin: 'bridge', conf })).error).toBeUndefined();
  expect((await call(network, 'DEL', pod, 'c1', { plugin: 'bridge', conf })).error).toBeUndefined();
  await eventually(() => expect(server.leased()).toEqual([]));
  expect(leaseFiles(host)).toEqual([]);
});

test('without a server nothing of it stays, not even the bridge', async () => {
  const pod = await host.addPod();
  for (const bridge of ['br5', 'br6']) {
    const { error } = await call(network, 'ADD', pod, 'c3', { plugin: 'bridge', conf: confOf({ bridge }) });
    expect(error?.msg).toBe('error calling DHCP.Allocate: no more tries');
  }
  expect((await pod.run(['ip', 'link', 'show', 'dev', 'eth0'])).exitCode).toBe(1);
});

test('an address that cannot be used goes back through the link before that goes', async () => {
  const far = '--dhcp-option-force=option:classless-static-route,10.9.0.0/16,192.168.9.9';
  const server = await startDnsmasq(network, { more: [far] });
  const pod = await host.addPod();
  const conf = confOf({ isGateway: true });
  const { error } = await call(network, 'ADD', pod, 'c4', { plugin: 'bridge', conf });
  expect(error?.msg).toContain('unreachable');
  await eventually(() => expect(server.leased()).toEqual([]));
  expect(leaseFiles(host)).toEqual([]);
});

test('a namespace that vanishes: its address goes back over the bridge', async () => {
  const server = await startDnsmasq(network);
  const pod = await host.addPod();
  addressOf(await call(network, 'ADD', pod, 'c5', { plugin: 'bridge', conf: confOf() }));
  await pod.remove();
  expect((await call(network, 'DEL', pod, 'c5', { plugin: 'bridge', conf: confOf() })).error).toBeUndefined();
  await eventually(() => expect(server.leased()).toEqual([]));
});

test('with the gateway on the bridge, masquerade and spoof checks', async () => {
  // What containers share stays, as with any other IPAM plugin: so this is a host of its own.
  const own = await createHost('gateway');
  try {
    await passThroughGateway(await createBridged(own), own);
  } finally {
    await stopServers();
    await own.dispose();
  }
});

async function passThroughGateway(bridged: Network, own: Host): Promise<void> {
  const server = await startDnsmasq(bridged, { more: ['--dhcp-option=option:router,10.5.0.2'] });
  const pod = await own.addPod();
  const conf = confOf({ isDefaultGateway: true, ipMasq: true, ipMasqBackend: 'nftables', macspoofchk: true });
  const added = await call(bridged, 'ADD', pod, 'c2', { plugin: 'bridge', conf });
  const address = addressOf(added).replace(/\/.*/, '');
  expect(await own.ip('addr show dev br5')).toContain('inet 10.5.0.2/16');
  expect((await pod.run(['ping', '-c1', '-W1', '10.5.0.2'])).exitCode).toBe(0);
  const rules = async () => (await own.run(['nft', 'list', 'ruleset'])).stdout;
  expect(await rules()).toContain(address);
  const checked = { ...conf, prevResult: added.result };
  expect((await call(bridged, 'CHECK', pod, 'c2', { plugin: 'bridge', conf: checked })).error).toBeUndefined();
  expect((await call(bridged, 'DEL', pod, 'c2', { plugin: 'bridge', conf })).error).toBeUndefined();
  await eventually(() => expect(server.leased()).toEqual([]));
  expect(await rules()).not.toContain(address);
}
