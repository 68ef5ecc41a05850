import type { Place } from '../harness/place.ts';

/** One configuration that both suites are given. */
export interface Case {
  readonly title: string;
  /** The plugin's part of the configuration. */
  readonly conf: Readonly<Record<string, unknown>>;
  readonly cniVersion?: string;
  readonly args?: string;
  /** What is on the host already. */
  readonly prepare?: (host: Place, pod: Place) => Promise<unknown>;
  /** MACs that are chosen and therefore compared. */
  readonly macs?: readonly string[];
  /** The reference's DEL fails, after it removed everything, because it misreads a message of iptables 1.8.9. */
  readonly referenceMisreads?: true;
  /** What differs on purpose: patterns of state lines that only one of the suites has; see docs/plugins/bridge.md. */
  readonly differs?: readonly RegExp[];
}

/** Addresses from a range. */
export function hostLocal(subnet: string, more: object = {}): object {
  return { type: 'host-local', subnet, ...more };
}

/** Two ranges: IPv4 and IPv6. */
export const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};

const V4 = hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0' }] });
const V6 = hostLocal('fd00:1::/64', { routes: [{ dst: '::/0' }] });
const MAC = '02:00:5e:10:00:01';

/** Resolver settings without any: those with a list count instead of the IPAM plugin's all the same. */
export const NO_RESOLVERS: readonly object[] = [
  { nameservers: [], search: [], options: [] },
  { options: [] },
  { nameservers: null, domain: '' },
  {},
];

/** A host whose bridge is there already. */
function withBridge(...lines: readonly string[]): (host: Place) => Promise<void> {
  return async (host) => {
    await host.ip('link add name cni0 address 02:00:00:00:00:99 type bridge');
    for (const line of lines) await host.ip(line);
  };
}

const fixed = (addresses: readonly object[], more: object = {}) => ({ type: 'static', addresses, ...more });

/** Configurations over every key that this machine's kernel can carry out. */
export const CASES: readonly Case[] = [
  { title: 'nothing but addresses', conf: { ipam: hostLocal('10.1.0.0/24') } },
  { title: 'a default route', conf: { ipam: V4 } },
  { title: 'a gateway', conf: { isGateway: true, ipam: V4 } },
  { title: 'a default gateway', conf: { isDefaultGateway: true, ipam: hostLocal('10.1.0.0/24') } },
  {
    title: 'a default gateway beside other routes',
    conf: {
      isDefaultGateway: true,
      ipam: hostLocal('10.1.0.0/24', { routes: [{ dst: '10.9.0.0/16' }, { dst: '10.8.0.0/16', gw: '10.1.0.9' }] }),
    },
  },
  {
    title: 'a default gateway where IPAM has one',
    conf: {
      isDefaultGateway: true,
      ipam: hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.7' }] }),
    },
  },
  {
    title: 'a default gateway where IPAM has one with a metric',
    conf: { isDefaultGateway: true, ipam: hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0', priority: 50 }] }) },
  },
  { title: 'IPv6', conf: { isGateway: true, ipam: V6 } },
  { title: 'IPv6 without a gateway on the bridge', conf: { ipam: hostLocal('fd00:1::/64') } },
  { title: 'both families', conf: { isGateway: true, ipam: DUAL } },
  { title: 'both families, default gateway', conf: { isDefaultGateway: true, ipam: { ...DUAL, routes: [] } } },
  { title: 'masquerade', conf: { isGateway: true, ipMasq: true, ipam: V4 } },
  { title: 'masquerade of both families', conf: { isGateway: true, ipMasq: true, ipam: DUAL } },
  { title: 'masquerade by iptables', conf: { isGateway: true, ipMasq: true, ipMasqBackend: 'iptables', ipam: V4 } },
  {
    title: 'masquerade by nftables',
    conf: { isGateway: true, ipMasq: true, ipMasqBackend: 'nftables', ipam: V4 },
    referenceMisreads: true,
  },
  {
    title: 'masquerade of both families by nftables',
    conf: { isGateway: true, ipMasq: true, ipMasqBackend: 'nftables', ipam: DUAL },
    referenceMisreads: true,
  },
  { title: 'masquerade without a gateway', conf: { ipMasq: true, ipam: V4 } },
  { title: 'another bridge', conf: { bridge: 'br-test', isGateway: true, ipam: V4 } },
  { title: 'an MTU', conf: { mtu: 1400, isGateway: true, ipam: V4 } },
  { title: 'a jumbo MTU', conf: { mtu: 9000, ipam: V4 } },
  { title: 'an MTU below zero', conf: { mtu: -1, ipam: V4 } },
  { title: 'hairpin', conf: { hairpinMode: true, ipam: V4 } },
  { title: 'promiscuous', conf: { promiscMode: true, ipam: V4 } },
  { title: 'isolated', conf: { portIsolation: true, ipam: V4 } },
  { title: 'isolated and hairpin', conf: { portIsolation: true, hairpinMode: true, ipam: V4 } },
  { title: 'spoof check', conf: { macspoofchk: true, args: { cni: { mac: MAC } }, ipam: V4 }, macs: [MAC] },
  { title: 'duplicate detection', conf: { enabledad: true, isGateway: true, ipam: DUAL } },
  { title: 'layer 2', conf: {} },
  { title: 'layer 2 with an empty IPAM section', conf: { ipam: {} } },
  {
    title: 'layer 2 with an end that stays down',
    conf: { disableContainerInterface: true },
    // Without a carrier the bridge gets its own address when its MAC changes, and ours does not change.
    differs: [/address cni0 <link-local>/, /route-6 .*"dst":"fe80::\/64","dev":"cni0"/],
  },
  { title: 'layer 2 with a MAC', conf: { args: { cni: { mac: MAC } } }, macs: [MAC] },
  { title: 'MAC from CNI_ARGS', conf: { ipam: V4 }, args: `IgnoreUnknown=1;MAC=${MAC}`, macs: [MAC] },
  {
    title: 'MAC from the runtime before all others',
    conf: { ipam: V4, args: { cni: { mac: '02:00:5e:10:00:02' } }, runtimeConfig: { mac: MAC } },
    macs: [MAC],
  },
  { title: 'resolver settings', conf: { ipam: V4, dns: { nameservers: ['10.1.0.1'], search: ['test'] } } },
  {
    title: 'resolver settings of IPAM',
    conf: { ipam: fixed([{ address: '10.1.0.5/24' }], { dns: { nameservers: ['10.1.0.1'] } }) },
  },
  ...NO_RESOLVERS.map((dns) => ({
    title: `instead of the resolver settings of IPAM ${JSON.stringify(dns)}`,
    conf: { ipam: fixed([{ address: '10.1.0.5/24' }], { dns: { nameservers: ['10.1.0.9'], domain: 'a' } }), dns },
  })),
  { title: 'static addresses without a gateway', conf: { ipam: fixed([{ address: '10.1.0.5/24' }]) } },
  {
    title: 'static addresses, the bridge as gateway',
    conf: { isGateway: true, ipam: fixed([{ address: '10.1.0.5/24' }, { address: 'fd00:1::5/64' }]) },
  },
  {
    title: 'two static addresses of one family',
    conf: { ipam: fixed([{ address: '10.1.0.5/24' }, { address: '10.2.0.5/24' }]) },
  },
  { title: 'a single address', conf: { ipam: fixed([{ address: '10.1.0.5/32' }]) } },
  {
    title: 'a network of two',
    conf: { isGateway: true, ipam: fixed([{ address: '10.1.0.1/31', gateway: '10.1.0.0' }]) },
  },
  {
    title: 'routes with all their settings',
    conf: {
      ipam: fixed([{ address: '10.1.0.5/24', gateway: '10.1.0.1' }], {
        routes: [
          { dst: '10.9.0.0/16', priority: 100 },
          { dst: '10.8.0.0/16', gw: '10.1.0.2', table: 300 },
          { dst: '10.7.0.0/16', mtu: 1400, advmss: 1300 },
        ],
      }),
    },
  },
  {
    title: 'a route of link scope',
    conf: { ipam: fixed([{ address: '10.1.0.5/24' }], { routes: [{ dst: '10.9.0.0/16', scope: 253 }] }) },
  },
  {
    title: 'an IPv6 route with a metric',
    conf: {
      ipam: fixed([{ address: 'fd00:1::5/64', gateway: 'fd00:1::1' }], {
        routes: [{ dst: 'fd00:9::/48', priority: 70 }, { dst: '::/0' }],
      }),
    },
  },
  {
    title: 'a bridge that is there',
    conf: { isGateway: true, ipam: V4 },
    prepare: withBridge(),
    macs: ['02:00:00:00:00:99'],
  },
  {
    title: 'a bridge that is there with the address',
    conf: { isGateway: true, ipam: V4 },
    prepare: withBridge('addr add 10.1.0.1/24 brd + dev cni0', 'link set cni0 up'),
    macs: ['02:00:00:00:00:99'],
  },
  {
    title: 'a bridge that is there with another MTU',
    conf: { mtu: 1400, ipam: V4 },
    prepare: withBridge('link set cni0 mtu 1300'),
  },
  {
    title: 'a bridge with another address, replaced',
    conf: { isGateway: true, forceAddress: true, ipam: V4 },
    prepare: withBridge('addr add 10.2.0.1/24 brd + dev cni0', 'link set cni0 up'),
    macs: ['02:00:00:00:00:99'],
  },
  {
    title: 'a bridge with other IPv6 addresses',
    conf: { isGateway: true, ipam: V6 },
    prepare: withBridge('addr add fd00:2::1/64 dev cni0 nodad', 'link set cni0 up'),
    macs: ['02:00:00:00:00:99'],
  },
  { title: 'version 0.1.0', cniVersion: '0.1.0', conf: { isDefaultGateway: true, ipam: { ...DUAL, routes: [] } } },
  { title: 'version 0.2.0', cniVersion: '0.2.0', conf: { isGateway: true, ipam: DUAL } },
  { title: 'version 0.3.0', cniVersion: '0.3.0', conf: { isGateway: true, ipam: DUAL } },
  { title: 'version 0.3.1', cniVersion: '0.3.1', conf: { isGateway: true, ipam: DUAL } },
  { title: 'version 0.4.0', cniVersion: '0.4.0', conf: { isGateway: true, ipam: DUAL } },
  { title: 'version 1.1.0', cniVersion: '1.1.0', conf: { isGateway: true, ipam: DUAL } },
];
