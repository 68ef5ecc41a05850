import { afterAll, beforeAll, expect, test } from 'vitest';
import { SHARED } from '../netns/bridge/support.ts';
import type { Host } from '../netns/harness/host.ts';
import { useHost } from '../netns/harness/use.ts';
import { plugLan, unplugLan } from '../netns/macvlan/support.ts';
import { type Case, expectSameOfAll } from './links/batch.ts';
import { CABLE_IN_POD, commonCases, V4 } from './links/confs.ts';
import { call, expectNothingLeft, leftovers, type Subject } from './links/fates.ts';

const LAN = { master: 'lan0', ipam: V4 };
const ADDRESSES = { ips: [{ address: '10.5.0.7/24', gateway: '10.5.0.1' }], routes: [{ dst: '0.0.0.0/0' }] };
const made = (...names: readonly string[]) => ({
  cniVersion: '1.0.0',
  interfaces: names.map((name) => ({ name })),
  ...ADDRESSES,
});

const CASES: readonly Case[] = [
  ...commonCases(LAN),
  ...['l2', 'l3', 'l3s'].map((mode) => ({ title: `mode ${mode}`, conf: { ...LAN, mode } })),
  { title: 'an MTU', conf: { ...LAN, mtu: 1400 }, isChecked: true },
  { title: 'an MTU above the one below', conf: { ...LAN, mtu: 9000 } },
  {
    title: 'the link of the default route',
    conf: { ipam: V4 },
  },
  { title: 'a link in the container', conf: { ...LAN, linkInContainer: true }, inPod: CABLE_IN_POD },
  { title: 'the addresses of an earlier plugin', conf: { master: 'lan0', prevResult: made('lan0', 'other') } },
  {
    title: 'the link and the addresses of an earlier plugin',
    conf: { prevResult: made('lan0') },
  },
  { title: 'a mode that there is not', conf: { ...LAN, mode: 'l4' } },
];

/** The default route leads over the cable. */
async function setUp(host: Host): Promise<void> {
  await plugLan(host);
  await host.ip('addr add 192.0.2.1/24 dev lan0');
  await host.ip('route add default via 192.0.2.254 dev lan0');
}

test('both suites do the same, and each checks and removes what the other made', () =>
  expectSameOfAll('ipvlan', CASES, { setUp }));

const host = await useHost({ mayStay: SHARED });

beforeAll(() => plugLan(host));
afterAll(() => unplugLan(host));

const subject: Subject = { host, plugin: 'ipvlan', conf: LAN };

test('pods on one link reach each other in every mode; another mode and macvlan are refused with a reason', async () => {
  const [a, b] = [await host.addPod(), await host.addPod()];
  const second = { containerId: 'c2' };
  for (const mode of ['l2', 'l3']) {
    expect((await call(subject, 'ADD', a, { mode })).error).toBeUndefined();
    const { result } = await call(subject, 'ADD', b, { mode }, second);
    const [address = ''] = result?.ips?.[0]?.address.split('/') ?? [];
    expect(await a.run(['ping', '-c1', '-W5', address]), mode).toMatchObject({ exitCode: 0 });
    expect((await call(subject, 'DEL', b, {}, second)).error).toBeUndefined();

    const other = await call(subject, 'ADD', b, { mode: 'l3s' }, second);
    expect(other.error?.msg).toBe('failed to create ipvlan: lan0 is in use in another mode');
    expect(other.error?.details).toContain(`on it stand c1 (eth0, ipvlan mode ${mode}), and the kernel has one mode`);
    const macvlan = await call({ ...subject, plugin: 'macvlan' }, 'ADD', b, {}, second);
    expect(macvlan.error?.msg).toBe('failed to create macvlan: device or resource busy');
    expect(macvlan.error?.details).toContain(`on it stand c1 (eth0, ipvlan mode ${mode})`);
    expect((await call(subject, 'DEL', a)).error).toBeUndefined();
  }
  expect((await call({ ...subject, plugin: 'macvlan' }, 'ADD', a)).error).toBeUndefined();
  const { error } = await call(subject, 'ADD', b, {}, second);
  expect(error?.msg).toBe('failed to create ipvlan: device or resource busy');
  expect(error?.details).toContain('never both; on it stand c1 (eth0, macvlan mode bridge)');
  expect((await call({ ...subject, plugin: 'macvlan' }, 'DEL', a)).error).toBeUndefined();
});

test('a failed ADD leaves nothing, DEL needs nothing', async () => {
  const pod = await host.addPod();
  await expectNothingLeft(subject, 2);
  // There is neither a default route nor what an earlier plugin made.
  expect((await call(subject, 'ADD', pod, { master: undefined })).error?.msg).toBe('no default route interface found');
  expect((await call(subject, 'ADD', pod, { master: undefined, prevResult: made('lan0') })).error).toBeUndefined();
  for (const _ of ['once', 'twice']) {
    expect((await call(subject, 'DEL', pod, { master: undefined })).error).toBeUndefined();
  }
  expect(await leftovers(host, pod)).toEqual([]);
});
