import { test } from 'vitest';
import { DUAL, hostLocal } from '../netns/bridge/cases.ts';
import { expectSame } from '../netns/bridge/compare.ts';

const V4 = hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0' }] });

/** Configurations that need a bridge with a VLAN filter. */
const CASES: readonly (readonly [title: string, conf: Readonly<Record<string, unknown>>])[] = [
  ['a VLAN', { vlan: 100, ipam: V4 }],
  ['a VLAN and the default one', { vlan: 100, preserveDefaultVlan: true, ipam: V4 }],
  ['a VLAN with a gateway', { vlan: 100, isGateway: true, ipam: V4 }],
  [
    'a VLAN with gateways of both families, masquerade',
    { vlan: 100, isDefaultGateway: true, ipMasq: true, ipam: { ...DUAL, routes: [] } },
  ],
  ['a trunk', { vlanTrunk: [{ id: 101 }, { minID: 200, maxID: 202 }], ipam: V4 }],
  ['a trunk and the default VLAN', { vlanTrunk: [{ id: 101 }], preserveDefaultVlan: true, ipam: V4 }],
  ['an empty trunk', { vlanTrunk: [], ipam: V4 }],
  ['a VLAN and a trunk', { vlan: 100, vlanTrunk: [{ minID: 200, maxID: 210 }, { id: 205 }], ipam: V4 }],
  ['layer 2 with a VLAN, isolated', { vlan: 100, portIsolation: true, ipam: {} }],
];

for (const [title, conf] of CASES) test(`both suites do the same: ${title}`, () => expectSame({ title, conf }));
