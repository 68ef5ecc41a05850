import { expect, test } from 'vitest';
import type { ShownLink } from '../../pkg/attach/links.ts';
import type { FoundRoute } from '../../pkg/attach/routes.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { enslavingPlan } from './enslave.ts';
import { freeTable } from './look.ts';
import { settingsOf } from './settings.ts';

const LINK: ShownLink = {
  ...{ ifindex: 2, ifname: 'eth0', flags: [], mtu: 1500, operstate: 'UP', address: '02:00:00:00:00:01' },
  addr_info: [
    { family: 'inet', local: '10.0.0.5', prefixlen: 24, scope: 'global' },
    { family: 'inet6', local: 'fd00::5', prefixlen: 64, scope: 'global' },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
  ],
};

const route = (more: Partial<FoundRoute>): FoundRoute => ({
  ...{ family: 4, table: 254, prefix: '10.9.0.0/16', dst: '10.9.0.0/16', dev: 'eth0', flags: [] },
  ...more,
});
const vrf = (table: number): ShownLink => ({ ...LINK, linkinfo: { info_kind: 'vrf', info_data: { table } } });

test('what the interface loses by it is given to it again, gateways last', () => {
  const routes = [
    route({ gateway: '10.0.0.1', metric: 7 }),
    route({ prefix: '10.8.0.0/16', scope: '253' }),
    route({ prefix: '10.0.0.0/24', scope: '253', protocol: '2' }),
    route({ prefix: '10.7.0.0/16', dev: 'eth1' }),
    route({ prefix: '10.6.0.0/16', table: 300 }),
  ];
  const common = { netns: ownNetns(), ifName: 'eth0', vrf: 'red', table: 5, link: LINK, routes };
  expect(enslavingPlan({ ...common, isNew: true, isUp: false }).print()).toEqual([
    'ip link add name red type vrf table 5',
    'ip link set dev red up',
    'ip link set dev eth0 master red',
    'ip addr add fd00::5/64 dev eth0 nodad',
    'ip route replace 10.8.0.0/16 dev eth0 table 5 scope 253 proto 3',
    'ip route replace 10.9.0.0/16 via 10.0.0.1 dev eth0 metric 7 table 5 scope 0 proto 3',
  ]);
  const first = (isUp: boolean) => enslavingPlan({ ...common, isNew: false, isUp }).print()[0];
  expect(first(true)).toBe('ip link set dev eth0 master red');
  expect(first(false)).toBe('ip link set dev red up');
});

test('addresses keep their settings', () => {
  const address = { family: 'inet6', local: 'fd00::6', prefixlen: 64, scope: 'global' };
  const lifetimes = { valid_life_time: 600, preferred_life_time: 300 };
  const link = { ...LINK, addr_info: [{ ...address, ...lifetimes, dynamic: true, noprefixroute: true }] };
  const common = { netns: ownNetns(), ifName: 'eth0', vrf: 'red', table: 5, routes: [] };
  expect(enslavingPlan({ ...common, link, isNew: false, isUp: true }).print()[1]).toBe(
    'ip addr add fd00::6/64 dev eth0 nodad noprefixroute valid_lft 600 preferred_lft 300',
  );
});

test('the first table that nobody has', () => {
  const nothing = { named: undefined, link: undefined, vrfs: [], routes: [] };
  expect(freeTable(nothing)).toBe(1);
  expect(freeTable({ ...nothing, vrfs: [vrf(1), vrf(3)], routes: [route({ table: 2 })] })).toBe(4);
});

test.each([
  [{}, 'configuration is expected to have a valid vrf name'],
  [{ vrfname: '' }, 'configuration is expected to have a valid vrf name'],
  [{ vrfname: 'red', table: -1 }, 'invalid table -1'],
  [{ vrfname: 'a/b' }, 'a link name cannot contain /'],
])('refuses %j', (conf, message) => {
  expect(() => settingsOf(conf)).toThrow(
    expect.objectContaining({ code: 7, message: expect.stringContaining(message) }),
  );
});
