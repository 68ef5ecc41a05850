import { afterAll, beforeAll, expect, test } from 'vitest';
import { SHARED } from '../netns/bridge/support.ts';
import { useHost } from '../netns/harness/use.ts';
import { plugLan, unplugLan } from '../netns/macvlan/support.ts';
import { type Case, expectSameOfAll } from './links/batch.ts';
import { CABLE_IN_POD, commonCases, V4 } from './links/confs.ts';
import { call, expectNothingLeft, leftovers, type Subject } from './links/fates.ts';

const LAN = { master: 'lan0', vlanId: 100, ipam: V4 };

const CASES: readonly Case[] = [
  ...commonCases(LAN),
  { title: 'a default route', conf: LAN, isChecked: true },
  { title: 'the VLAN 0', conf: { ...LAN, vlanId: undefined } },
  { title: 'the last VLAN', conf: { ...LAN, vlanId: 4094 } },
  { title: 'an MTU', conf: { ...LAN, mtu: 1400 }, isChecked: true },
  { title: 'a link in the container', conf: { ...LAN, linkInContainer: true }, inPod: CABLE_IN_POD },
  { title: 'no master', conf: { ...LAN, master: undefined } },
  { title: 'a VLAN above all', conf: { ...LAN, vlanId: 4095 } },
  { title: 'an MTU above the one below', conf: { ...LAN, mtu: 1501 } },
];

test('both suites do the same, and each checks and removes what the other made', () =>
  expectSameOfAll('vlan', CASES, { setUp: plugLan }));

const host = await useHost({ mayStay: SHARED });

beforeAll(() => plugLan(host));
afterAll(() => unplugLan(host));

const subject: Subject = { host, plugin: 'vlan', conf: LAN };

test('packets are tagged on the wire; a VLAN that is taken is explained', async () => {
  const [pod, outside, untagged] = [await host.addPod(), await host.addPod(), await host.addPod()];
  // At the other end of the cable, one with the tag and one without.
  await host.ip(`link add link lan1 name tagged netns ${outside.path} type vlan id 100`);
  await outside.ip('addr add 10.1.0.77/24 dev tagged');
  await outside.ip('link set dev tagged up');
  await host.ip(`link add link lan1 name plain netns ${untagged.path} type macvlan mode bridge`);
  await untagged.ip('addr add 10.1.0.88/24 dev plain');
  await untagged.ip('link set dev plain up');
  expect((await call(subject, 'ADD', pod)).error).toBeUndefined();
  expect(await pod.run(['ping', '-c1', '-W5', '10.1.0.77'])).toMatchObject({ exitCode: 0 });
  expect(await pod.run(['ping', '-c1', '-W1', '10.1.0.88'])).toMatchObject({ exitCode: 1 });

  const { error } = await call(subject, 'ADD', outside, {}, { containerId: 'c2' });
  expect(error?.msg).toBe('failed to create vlan: file exists');
  expect(error?.details).toContain('a link has each VLAN only once; on it stand c1 (eth0, vlan id 100)');
  expect((await call(subject, 'ADD', outside, { vlanId: 7 }, { containerId: 'c2' })).error).toBeUndefined();
  expect((await call(subject, 'DEL', outside, {}, { containerId: 'c2' })).error).toBeUndefined();
  expect((await call(subject, 'DEL', pod)).error).toBeUndefined();
  await outside.ip('link del dev tagged');
  await untagged.ip('link del dev plain');
});

test('a failed ADD leaves nothing, DEL needs nothing', async () => {
  const pod = await host.addPod();
  await expectNothingLeft(subject, 1);
  const { error } = await call(subject, 'ADD', pod, { master: 'nowhere' });
  expect(error).toMatchObject({ msg: 'failed to lookup master "nowhere": Link not found' });
  expect(error?.details).toContain('lan0');
  const gone = { vlanId: 9, master: 'cable' };
  await host.ip('link add name cable type dummy');
  const down = await call(subject, 'ADD', pod, gone);
  expect(down.error?.msg).toBe('failed to set "eth0" UP: network is down');
  expect(down.error?.details).toContain('cable is down: `ip link set dev cable up` mends it');
  expect(await leftovers(host, pod)).toEqual([]);
  await host.ip('link set dev cable addrgenmode none up');
  expect((await call(subject, 'ADD', pod, gone)).error).toBeUndefined();
  await host.ip('link del dev cable');
  expect((await call(subject, 'STATUS', pod, gone)).error?.code).toBe(50);
  expect((await call(subject, 'DEL', pod, { ...gone, ipam: {} })).error).toBeUndefined();
  expect(await leftovers(host, pod)).toEqual([]);
});
