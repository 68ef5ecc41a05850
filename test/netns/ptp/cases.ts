import { type Case, DUAL, hostLocal, NO_RESOLVERS } from '../bridge/cases.ts';

const V4 = hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0' }] });
const fixed = (addresses: readonly object[], more: object = {}) => ({ type: 'static', addresses, ...more });
const leg = (subnet: number) => ({ address: `10.${subnet}.0.5/24`, gateway: `10.${subnet}.0.1` });

/** Configurations over every key. */
export const CASES: readonly Case[] = [
  { title: 'nothing but addresses', conf: { ipam: hostLocal('10.1.0.0/24') } },
  { title: 'a default route', conf: { ipam: V4 } },
  { title: 'IPv6', conf: { ipam: hostLocal('fd00:1::/64', { routes: [{ dst: '::/0' }] }) } },
  { title: 'both families', conf: { ipam: DUAL } },
  { title: 'two networks of one family', conf: { ipam: fixed([leg(1), leg(2)]) } },
  { title: 'a network of two', conf: { ipam: fixed([{ address: '10.1.0.1/31', gateway: '10.1.0.0' }]) } },
  {
    title: 'routes with all their settings',
    conf: {
      ipam: fixed([leg(1)], {
        routes: [
          { dst: '10.9.0.0/16', priority: 100 },
          { dst: '10.8.0.0/16', gw: '10.1.0.2', table: 300 },
          { dst: '10.6.0.0/16', gw: '10.1.0.3' },
          { dst: '10.7.0.0/16', mtu: 1400, advmss: 1300 },
        ],
      }),
    },
  },
  { title: 'an MTU', conf: { mtu: 1400, ipam: V4 } },
  { title: 'an MTU below zero', conf: { mtu: -1, ipam: V4 } },
  { title: 'masquerade of both families', conf: { ipMasq: true, ipam: DUAL } },
  { title: 'masquerade by iptables', conf: { ipMasq: true, ipMasqBackend: 'iptables', ipam: V4 } },
  {
    title: 'masquerade by nftables',
    conf: { ipMasq: true, ipMasqBackend: 'nftables', ipam: DUAL },
    referenceMisreads: true,
  },
  { title: 'resolver settings', conf: { ipam: V4, dns: { nameservers: ['10.1.0.1'], search: ['test'] } } },
  { title: 'resolver settings of IPAM', conf: { ipam: fixed([leg(1)], { dns: { nameservers: ['10.1.0.9'] } }) } },
  ...NO_RESOLVERS.map((dns) => ({
    title: `instead of those of IPAM ${JSON.stringify(dns)}`,
    conf: { ipam: fixed([leg(1)], { dns: { nameservers: ['10.1.0.9'], domain: 'a' } }), dns },
  })),
  { title: 'CNI_ARGS that nobody knows', conf: { ipam: V4 }, args: 'IgnoreUnknown=1;FOO=bar' },
  ...['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.1.0'].map((cniVersion) => ({
    title: `version ${cniVersion}`,
    cniVersion,
    conf: { ipam: cniVersion.startsWith('0.4') ? DUAL : V4 },
  })),
];
