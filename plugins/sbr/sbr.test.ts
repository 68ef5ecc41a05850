import { expect, test } from 'vitest';
import { ownNetns } from '../../pkg/netns/own.ts';
import { addressesOf } from './add.ts';
import { freeTables, isPlainSource } from './routing.ts';
import { separationPlan } from './separate.ts';
import { settingsOf } from './settings.ts';

const NOTHING = { link: undefined, rules: [], routes: [] };
const V4 = { address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 1 };
const RESULT = { interfaces: [{ name: 'vh' }, { name: 'eth0' }], ips: [V4, { address: 'fd00::5/64', interface: 1 }] };

test('a table of its own for each address, and a default route where there is a gateway', () => {
  const own = addressesOf(RESULT, 'eth0');
  const common = { netns: ownNetns(), ifName: 'eth0', own, routing: NOTHING };
  expect(separationPlan({ ...settingsOf({}), ...common }).print()).toEqual([
    'ip rule add from 10.0.0.5/32 table 100',
    'ip route add 0.0.0.0/0 via 10.0.0.1 dev eth0 table 100',
    'ip -6 rule add from fd00::5/128 table 101',
  ]);
  expect(separationPlan({ ...settingsOf({ table: 7 }), ...common }).print()).toEqual([
    'ip rule add from 10.0.0.5/32 table 7',
    'ip -6 rule add from fd00::5/128 table 7',
  ]);
});

test('an address whose index leads to no interface counts: only those that name another one are left out', () => {
  const ips = [
    { ...V4, interface: 2 },
    { address: '10.1.0.5/24', interface: -1 },
  ];
  expect(addressesOf({ ...RESULT, ips }, 'eth0').map(({ text }) => text)).toEqual(['10.0.0.5', '10.1.0.5']);
  expect(addressesOf({ ips: [V4] }, 'eth0').map(({ text }) => text)).toEqual(['10.0.0.5']);
});

test('addresses of other interfaces are left out, those of none count', () => {
  const ips = [V4, { address: '10.1.0.5/24' }, { address: '10.2.0.5/24', interface: 0 }];
  expect(addressesOf({ ...RESULT, ips }, 'eth0').map(({ text }) => text)).toEqual(['10.0.0.5', '10.1.0.5']);
});

test('tables with a rule or a route are taken', () => {
  const route = { family: 4, table: 101, prefix: '10.0.0.0/8', dst: '10.0.0.0/8', flags: [] } as const;
  const rule = { priority: 5, src: 'all', table: '100' };
  const free = freeTables({ link: undefined, rules: [rule], routes: [route, { ...route, table: 103 }] });
  expect([free.next().value, free.next().value]).toEqual([102, 104]);
});

test('a rule with any other selector is somebody else’s', () => {
  const rule = { priority: 5, src: '10.0.0.5', table: '100' };
  expect(isPlainSource(rule)).toBe(true);
  for (const more of [
    { src: 'all' },
    { srclen: 24 },
    { dst: '10.0.0.1' },
    { fwmark: '0x1' },
    { iif: 'a' },
    { oif: 'a' },
  ]) {
    expect(isPlainSource({ ...rule, ...more })).toBe(false);
  }
});

test.each([
  [{ table: 0 }, 'invalid table 0'],
  [{ gateways: ['x'] }, 'invalid static gateway IP address: x'],
  [{ gateways: ['10.0.0.1', '10.0.0.2', 'fd00::1'] }, 'gateways list cannot contain more than 2 entries'],
  [{ gateways: ['fd00::1', 'fd00::2'] }, 'gateways list contains multiple IPv6 addresses: fd00::1 and fd00::2'],
])('refuses %j', (conf, message) => {
  expect(() => settingsOf(conf)).toThrow(
    expect.objectContaining({ code: 7, message: expect.stringContaining(message) }),
  );
});
