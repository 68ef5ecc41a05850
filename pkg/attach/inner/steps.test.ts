import { expect, test } from 'vitest';
import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import { ownNetns } from '../../netns/own.ts';
import type { RunOptions } from '../../plan/executor.ts';
import type { InnerSettings, InnerTraits } from './kind.ts';
import { type InnerLink, planLink, planUse } from './steps.ts';

const POD: Netns = Object.create(ownNetns(), {
  path: { value: '/run/netns/blue' },
  prefix: { value: ['nsenter', '--net=/run/netns/blue'] },
  isOwn: { value: () => false },
});
const OPTIONS = {} as RunOptions;
const inside = (line: string) => `nsenter --net=/run/netns/blue ip ${line}`;

function linkOf(kind: InnerTraits, settings: Partial<InnerSettings>): InnerLink {
  const name = { network: 'net', containerId: 'c1', ifName: 'eth0' };
  const below = { master: 'lan0', inContainer: false };
  const type = ip.part`type ${kind.name}`;
  const all: InnerSettings = { below, mtu: 0, mac: undefined, type, dns: undefined, ipam: '', ...settings };
  const master = all.below === undefined ? '' : 'lan0';
  return { kind, name, netns: POD, settings: all, master, temporary: 'veth01234567' };
}

test('a link on one of the host gets its name inside', () => {
  const settings = { mtu: 1400, mac: '02:00:5e:10:00:01', type: ip.part`type vlan id 5` };
  expect(planLink(linkOf({ name: 'vlan' }, settings)).print()).toEqual([
    'ip link add link lan0 name veth01234567 mtu 1400 address 02:00:5e:10:00:01 netns /run/netns/blue type vlan id 5',
    inside('link set dev veth01234567 name eth0 alias cni-ts:net/c1/eth0'),
    inside('link show dev eth0'),
  ]);
});

test.each([
  ['one in the container', { below: { master: 'lan0', inContainer: true } }, 'link lan0 name eth0'],
  ['nothing', { below: undefined }, 'name eth0'],
])('a link on %s has its name at once', (_, settings, words) => {
  expect(planLink(linkOf({ name: 'ipvlan' }, settings)).print()).toEqual([
    inside(`link add ${words} type ipvlan`),
    inside('link set dev eth0 alias cni-ts:net/c1/eth0'),
    inside('link show dev eth0'),
  ]);
});

test('neighbours are told only by those who have any, and without addresses there is nothing to tell', async () => {
  const leased = { ips: [{ address: '10.1.0.5/24' }] };
  const lines = async (kind: InnerTraits, given?: typeof leased) =>
    (await planUse(linkOf(kind, {}), given, OPTIONS)).print().join('\n');
  expect(await lines({ name: 'ipvlan', announces: true }, leased)).toContain('net/ipv4/conf/eth0/arp_notify');
  expect(await lines({ name: 'dummy' }, leased)).not.toContain('notify');
  expect(await lines({ name: 'ipvlan', announces: true })).toBe(inside('link set dev eth0 up'));
});
