import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Background } from '../harness/place.ts';
import { useHost } from '../harness/use.ts';
import {
  addressOf,
  ageLeases,
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
import { startDnsmasq, startIscDhcpd, stopServers } from './servers.ts';

const host = await useHost({ mayStay: MAY_STAY });
let network: Network;
let daemon: Background;
beforeAll(async () => {
  network = await createNetwork(host);
});
beforeEach(async () => {
  daemon = await startDaemon(host);
});
// Before the host is looked at.
afterEach(async () => {
  await stopServers();
  await daemon.stop();
});

const SERVERS = [
  ['dnsmasq', startDnsmasq],
  ["ISC's", startIscDhcpd],
] as const;

/** Ends the daemon, and starts another one when its leases have become older. */
async function restartLater(seconds: number): Promise<void> {
  await daemon.stop();
  ageLeases(host, seconds);
  daemon = await startDaemon(host);
}

describe.each(SERVERS)('%s server', (name, start) => {
  test('gives an address, prolongs it after T1, and gets it back', async () => {
    const server = await start(network);
    const pod = await host.addPod();
    const added = await call(network, 'ADD', pod, 'c1');
    const address = addressOf(added);
    expect(address).toMatch(/^10\.5\.\d+\.\d+\/16$/);
    expect(added.result?.ips?.[0]?.gateway).toBe('10.5.0.1');
    expect(added.result?.routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.5.0.1' }]);
    expect(await pod.ip('addr show dev eth0')).toContain(address);
    expect(server.leased()).toEqual([plain(address)]);
    expect(leaseFiles(host)).toEqual(['c1:net:eth0.json']);
    const checked = await call(network, 'CHECK', pod, 'c1', { conf: confOf({}, { prevResult: added.result }) });
    expect(checked.error).toBeUndefined();
    expect(server.count('DHCPACK')).toBe(1);
    await restartLater(61);
    await eventually(() => expect(server.count('DHCPACK')).toBe(2));
    // Asked for at the server alone: there was nothing to offer.
    expect(server.count('DHCPOFFER')).toBe(1);
    expect((await pod.run(['ping', '-c1', '-W1', '10.5.0.1'])).exitCode).toBe(0);
    expect((await call(network, 'DEL', pod, 'c1')).error).toBeUndefined();
    await eventually(() => expect(server.leased()).toEqual([]));
    expect(server.log()).toContain('DHCPRELEASE');
    expect(leaseFiles(host)).toEqual([]);
    expect((await call(network, 'DEL', pod, 'c1')).error).toBeUndefined();
  });

  test('may be away for a while, and is found again', async () => {
    const server = await start(network);
    const pod = await host.addPod();
    const address = addressOf(await call(network, 'ADD', pod, 'c2'));
    await server.stop();
    await restartLater(61);
    await setTimeout(600);
    const again = await start(network);
    await eventually(() => expect(again.count('DHCPACK')).toBe(1));
    expect(await pod.ip('addr show dev eth0')).toContain(address);
    await call(network, 'DEL', pod, 'c2');
  });

  test('is told who asks, and what is wanted of it', async () => {
    const server = await start(network);
    const pod = await host.addPod();
    const ipam = {
      provide: [
        { option: 'host-name', value: 'fixed', fromArg: 'K8S_POD_NAME' },
        { option: '60', value: 'vendor-x' },
      ],
      request: [{ option: '15' }],
      priority: 77,
    };
    const args = 'IgnoreUnknown=1;K8S_POD_NAME=web-0';
    const added = await call(network, 'ADD', pod, 'c3', { conf: confOf(ipam), args });
    addressOf(added);
    expect(added.result?.routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.5.0.1', priority: 77 }]);
    if (name === 'dnsmasq') {
      expect(server.log()).toContain('client provides name: web-0');
      expect(server.log()).toContain('vendor class: vendor-x');
      expect(server.log()).toContain('requested options: 15:domain-name, 3:router, 1:netmask');
    } else expect(textOf(host, '/run/dhcp/dhcpd.leases')).toContain('client-hostname "web-0"');
    await call(network, 'DEL', pod, 'c3', { conf: confOf(ipam), args });
  });
});

test('a server with short leases is asked at T1 itself', async () => {
  const server = await startIscDhcpd(network, { lease: 4, renewal: 1, rebinding: 3 });
  const pod = await host.addPod();
  const address = addressOf(await call(network, 'ADD', pod, 'c7'));
  const started = Date.now();
  await eventually(() => expect(server.count('DHCPACK')).toBe(3));
  expect(Date.now() - started).toBeGreaterThan(1500);
  expect(server.count('DHCPOFFER')).toBe(1);
  expect(await pod.ip('addr show dev eth0')).toContain(address);
  await call(network, 'DEL', pod, 'c7');
});

test('a server that refuses to prolong: the address stays, and is asked for again', async () => {
  const server = await startDnsmasq(network);
  const pod = await host.addPod();
  const address = addressOf(await call(network, 'ADD', pod, 'c4'));
  await server.stop();
  await host.run(['rm', '/run/dhcp/dnsmasq.leases']);
  const other = await startDnsmasq(network, { range: ['10.5.9.1', '10.5.9.9'] });
  await restartLater(61);
  const refused = `c4/net/eth0: ${plain(address)}: the server refused to prolong it`;
  await eventually(() => expect(textOf(host, '/run/dhcp/daemon.log')).toContain(refused));
  expect(other.count('DHCPNAK')).toBe(1);
  expect(await pod.ip('addr show dev eth0')).toContain(address);
  await other.stop();
  const again = await startDnsmasq(network);
  await eventually(() => expect(again.leased()).toEqual([plain(address)]), 15_000);
  await call(network, 'DEL', pod, 'c4');
});

function plain(address: string): string {
  return address.replace(/\/.*/, '');
}

test('an address that nobody prolongs is not used any longer', async () => {
  const server = await startIscDhcpd(network, { lease: 3, renewal: 1, rebinding: 2 });
  const pod = await host.addPod();
  addressOf(await call(network, 'ADD', pod, 'c5'));
  await server.stop();
  await eventually(() => expect(textOf(host, '/run/dhcp/daemon.log')).toContain('has expired, eth0 is set down'));
  expect(await pod.ip('link show dev eth0')).not.toContain(',UP');
  expect(leaseFiles(host)).toEqual([]);
  const { error } = await call(network, 'CHECK', pod, 'c5');
  expect(error?.msg).toContain('error calling DHCP.Check: eth0 of c5 has no lease');
  expect((await call(network, 'DEL', pod, 'c5')).error).toBeUndefined();
});

test('routes of the server', async () => {
  const classless = '--dhcp-option=option:classless-static-route,10.9.0.0/16,10.5.0.9,0.0.0.0/0,10.5.0.8';
  const server = await startDnsmasq(network, { more: [classless] });
  const pod = await host.addPod();
  const conf = confOf({ request: [{ option: '121' }] });
  const { result } = await call(network, 'ADD', pod, 'c6', { conf });
  expect(result?.routes).toEqual([
    { dst: '10.9.0.0/16', gw: '10.5.0.9' },
    { dst: '0.0.0.0/0', gw: '10.5.0.8' },
  ]);
  expect(await pod.ip('route show')).toContain('10.9.0.0/16 via 10.5.0.9 dev eth0');
  await call(network, 'DEL', pod, 'c6', { conf });
  await server.stop();
});
