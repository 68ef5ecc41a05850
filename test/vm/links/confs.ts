import { DUAL, hostLocal } from '../../netns/bridge/cases.ts';
import type { Case } from './batch.ts';

/** An address and a default route. */
export const V4 = hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0' }] });

/** Fixed addresses. */
export function fixed(addresses: readonly object[], more: object = {}): object {
  return { type: 'static', addresses, ...more };
}

/** The cable on which the links of the tests stand, in a pod. */
export const CABLE_IN_POD: readonly string[] = [
  'link add name lan0 address 02:00:00:00:00:10 type veth peer name lan1 address 02:00:00:00:00:11',
  'link set dev lan1 addrgenmode none up',
  'link set dev lan0 addrgenmode none up',
];

/** What every plugin does with addresses, versions and resolver settings. */
export function commonCases(conf: object): readonly Case[] {
  const cases: readonly Case[] = [
    { title: 'both families', conf: { ipam: DUAL }, isChecked: true },
    {
      title: 'routes with all their settings',
      conf: {
        ipam: fixed([{ address: '10.1.0.5/24', gateway: '10.1.0.1' }, { address: '10.2.0.5/24' }], {
          routes: [
            { dst: '10.9.0.0/16', priority: 100 },
            { dst: '10.8.0.0/16', gw: '10.1.0.2', table: 300 },
          ],
        }),
      },
    },
    {
      title: 'resolver settings of both kinds',
      conf: {
        ipam: fixed([{ address: '10.1.0.5/24' }], { dns: { domain: 'a.test' } }),
        dns: { nameservers: ['10.1.0.1'] },
      },
    },
    ...['0.1.0', '1.1.0'].map((cniVersion) => ({
      title: `version ${cniVersion}`,
      cniVersion,
      conf: { ipam: V4 },
    })),
  ];
  return cases.map((one) => ({ ...one, conf: { ...conf, ...one.conf } }));
}
