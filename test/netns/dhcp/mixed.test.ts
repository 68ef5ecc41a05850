import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { referencePlugins } from '../../../scripts/lib/reference.ts';
import type { Background } from '../harness/place.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import {
  addressOf,
  call,
  confOf,
  createNetwork,
  eventually,
  leaseFiles,
  MAY_STAY,
  type Network,
  startDaemon,
} from './network.ts';
import { type DhcpServer, startDnsmasq } from './servers.ts';

const reference = await referencePlugins();
const host = await useHost({ mayStay: MAY_STAY });
let network: Network;
let server: DhcpServer;
let daemon: Background;
beforeAll(async () => {
  network = await createNetwork(host);
  server = await startDnsmasq(network);
});
afterEach(async () => {
  await daemon.stop();
  await host.run(['rm', '-f', '/run/cni/dhcp.sock']);
});

/** A link that an IPAM plugin can be called for by itself. */
async function podWithLink() {
  const pod = await host.addPod();
  await host.ip(`link add mv0 link lan0 type macvlan mode bridge`);
  await host.ip(`link set dev mv0 netns ${pod.name}`);
  await pod.ip('link set dev mv0 name eth0');
  return pod;
}

const IPAM = {
  type: 'dhcp',
  provide: [{ option: 'host-name', fromArg: 'HOST' }],
  request: [{ option: '6', skipDefault: true }, { option: 'routers' }, { option: 'subnet-mask' }],
  priority: 9,
};

/** ADD, CHECK and DEL of the IPAM plugin alone; gives the result and what the server heard of it. */
async function goThrough(plugin: string, isFreed: boolean) {
  const conf = { ...confOf(), ipam: IPAM };
  const from = server.log().length;
  const pod = await podWithLink();
  const added = await call(network, 'ADD', pod, 'c1', { plugin, conf, args: 'HOST=web' });
  const address = addressOf(added).replace(/\/.*/, '');
  const prevResult = added.result;
  const checked = await call(network, 'CHECK', pod, 'c1', { plugin, conf: { ...conf, prevResult }, args: 'HOST=web' });
  expect(checked.error).toBeUndefined();
  const deleted = await call(network, 'DEL', pod, 'c1', { plugin, conf });
  expect(deleted.error).toBeUndefined();
  if (isFreed) await eventually(() => expect(server.leased()).toEqual([]));
  const again = await call(network, 'DEL', pod, 'c1', { plugin, conf });
  expect(again.error).toBeUndefined();
  await pod.ip('link del dev eth0');
  const heard = server
    .log()
    .slice(from)
    .split('\n')
    .flatMap((line) => /(client provides name: .*|requested options: .*|vendor class: .*)/.exec(line)?.[1] ?? []);
  return { result: { ...added.result, ips: [{ ...added.result?.ips?.[0], address: '' }] }, heard, address };
}

const OURS = `${BUILT_PLUGINS}/dhcp`;
const THEIRS = `${reference}/dhcp`;

describe.each([
  ['this suite', OURS],
  ['the reference', THEIRS],
])('the daemon of %s', (_daemon, program) => {
  beforeEach(async () => {
    daemon = await startDaemon(host, ['-timeout', '500ms', '-resendtimeout', '3s'], program);
  });

  test('serves the plugins of both alike', async () => {
    // The reference's daemon sends its release to everybody, and dnsmasq does not hear that.
    const isFreed = program === OURS;
    const ours = await goThrough(OURS, isFreed);
    const theirs = await goThrough(THEIRS, isFreed);
    expect(ours.result).toEqual(theirs.result);
    expect(ours.result.routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.5.0.1', priority: 9 }]);
    expect(ours.heard.length).toBeGreaterThan(1);
    expect(theirs.heard).toEqual(ours.heard);
    seen.push(ours.heard);
  });

  test('says no in the same words', async () => {
    const pod = await podWithLink();
    const conf = { ...confOf(), ipam: { type: 'dhcp', request: [{ option: 'nonsense' }] } };
    for (const plugin of [OURS, THEIRS]) {
      const { error } = await call(network, 'ADD', pod, 'c1', { plugin, conf });
      refusals.push(error?.msg ?? '');
    }
    await pod.ip('link del dev eth0');
    const missing = await host.addPod();
    for (const plugin of [OURS, THEIRS]) {
      const { error } = await call(network, 'ADD', missing, 'c1', { plugin, conf: confOf() });
      refusals.push(error?.msg ?? '');
    }
    expect(leaseFiles(host)).toEqual([]);
  });
});

const seen: (readonly string[])[] = [];
const refusals: string[] = [];

test('servers hear the same of both daemons, and plugins the same refusals', async () => {
  daemon = await startDaemon(host);
  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual(seen[0]);
  expect(refusals).toHaveLength(8);
  expect(refusals.slice(4)).toEqual(refusals.slice(0, 4));
});
