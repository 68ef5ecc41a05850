import { describe, expect, test } from 'vitest';
import { addressingOf } from './gateways.ts';

const none = { isGateway: false, isDefaultGateway: false };
const gateway = { isGateway: true, isDefaultGateway: false };
const defaultGateway = { isGateway: true, isDefaultGateway: true };

describe('a gateway that IPAM does not name is the address after the network', () => {
  test.each([
    ['10.1.2.3/24', '10.1.2.1'],
    ['10.1.2.0/31', '10.1.2.1'],
    ['10.1.2.7/32', '10.1.2.8'],
    ['fd00::5/64', 'fd00::1'],
  ])('%s: %s', (address, expected) => {
    expect(addressingOf({ ips: [{ address }] }, gateway).ips).toEqual([{ address, gateway: expected, interface: 2 }]);
    expect(addressingOf({ ips: [{ address }] }, none).ips).toEqual([{ address, interface: 2 }]);
  });
});

test('the bridge gets every gateway once, IPv4 first', () => {
  const ips = [{ address: 'fd00::5/64' }, { address: '10.1.2.3/24' }, { address: '10.1.2.4/24' }];
  expect(addressingOf({ ips }, gateway).gateways).toEqual(['10.1.2.1/24', 'fd00::1/64']);
  expect(addressingOf({ ips }, none).gateways).toEqual([]);
});

describe('default routes', () => {
  const ips = [{ address: '10.1.2.3/24' }, { address: '10.1.3.3/24' }, { address: 'fd00::5/64' }];
  const added = [
    { dst: '0.0.0.0/0', gw: '10.1.2.1' },
    { dst: '::/0', gw: 'fd00::1' },
  ];
  test.each<[string, object[], object[]]>([
    ['one for each family, by its first gateway', [], added],
    ['beside other routes', [{ dst: '10.9.0.0/16' }], [{ dst: '10.9.0.0/16' }, ...added]],
    [
      'not where IPAM has one',
      [{ dst: '0.0.0.0/0', gw: '10.1.2.9' }],
      [{ dst: '0.0.0.0/0', gw: '10.1.2.9' }, added[1] ?? {}],
    ],
    ['not where it would be the same again', [{ dst: '::/0' }], [{ dst: '::/0' }, added[0] ?? {}]],
    ['beside one with a metric', [{ dst: '::/0', priority: 5 }], [{ dst: '::/0', priority: 5 }, ...added]],
  ])('%s', (_, routes, expected) => {
    expect(addressingOf({ ips, routes: routes as { dst: string }[] }, defaultGateway).routes).toEqual(expected);
  });
});

test('an IPAM plugin that gives no address', () => {
  expect(() => addressingOf({ ips: [] }, none)).toThrow('IPAM plugin returned missing IP config');
  expect(() => addressingOf({}, none)).toThrow('IPAM plugin returned missing IP config');
});
