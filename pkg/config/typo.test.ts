import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { nearest } from './typo.ts';

const KNOWN = ['isGateway', 'isDefaultGateway', 'forceAddress', 'ipMasq', 'mtu', 'ipam', 'vlan', 'hairpinMode', 'id'];

test.each([
  ['isGatway', 'isGateway'],
  ['isgatewy', 'isGateway'],
  ['isGaetway', 'isGateway'],
  ['isGatewayy', 'isGateway'],
  ['hairpin_mode', 'hairpinMode'],
  ['hair-pin-mode', 'hairpinMode'],
  ['mut', 'mtu'],
  ['mtuu', 'mtu'],
  ['impa', undefined],
  ['ipma', 'ipam'],
  ['vlam', 'vlan'],
  ['ipMask', 'ipMasq'],
  ['mt', undefined],
  ['ab', undefined],
  ['comment', undefined],
  ['gateway', 'isGateway'],
  ['ids', undefined],
  ['x'.repeat(41), undefined],
])('%s is %s', (slip, meant) => {
  expect(nearest(slip, KNOWN)).toBe(meant);
});

it('finds a long name again after any one slip', () => {
  const name = 'hairpinMode';
  fc.assert(
    fc.property(fc.nat(name.length - 1), fc.constantFrom('', 'x', '_'), fc.boolean(), (at, instead, keeps) => {
      const slip = name.slice(0, at) + instead + name.slice(keeps ? at : at + 1);
      expect(nearest(slip, KNOWN)).toBe(name);
    }),
  );
});
