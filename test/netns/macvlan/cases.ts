import { type Case, DUAL, hostLocal } from '../bridge/cases.ts';
import type { Place } from '../harness/place.ts';
import { plugLan } from './support.ts';

const V4 = hostLocal('10.1.0.0/24', { routes: [{ dst: '0.0.0.0/0' }] });
const MAC = '02:00:5e:10:00:01';
const fixed = (addresses: readonly object[], more: object = {}) => ({ type: 'static', addresses, ...more });

/** A host whose default route leads over the cable. */
async function withDefaultRoute(host: Place): Promise<void> {
  await plugLan(host);
  await host.ip('addr add 192.0.2.1/24 dev lan0');
  await host.ip('route add default via 192.0.2.254 dev lan0');
}

/** Configurations over every key, on `lan0` where they name no other link. */
export const CASES: readonly Case[] = [
  { title: 'layer 2', conf: {} },
  { title: 'addresses and a default route', conf: { ipam: V4 } },
  { title: 'both families', conf: { ipam: DUAL } },
  ...['bridge', 'private', 'vepa', 'passthru'].map((mode) => ({ title: `mode ${mode}`, conf: { mode, ipam: V4 } })),
  { title: 'an empty mode', conf: { mode: '', ipam: {} } },
  { title: 'an MTU', conf: { mtu: 1400, ipam: V4 } },
  { title: 'a MAC', conf: { mac: MAC, ipam: V4 }, macs: [MAC] },
  {
    title: 'MAC from CNI_ARGS before that of the configuration',
    conf: { mac: '02:00:5e:10:00:02', ipam: V4 },
    args: `IgnoreUnknown=1;MAC=${MAC}`,
    macs: [MAC],
  },
  {
    title: 'MAC from the runtime before all others',
    conf: { mac: '02:00:5e:10:00:02', runtimeConfig: { mac: MAC } },
    args: 'IgnoreUnknown=1;MAC=02:00:5e:10:00:03',
    macs: [MAC],
  },
  { title: 'a queue for broadcasts', conf: { bcqueuelen: 500, ipam: V4 } },
  { title: 'the link of the default route', conf: { master: '', ipam: V4 }, prepare: withDefaultRoute },
  {
    title: 'a link in the container',
    conf: { linkInContainer: true, ipam: V4 },
    prepare: (_, pod) => plugLan(pod),
  },
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
  { title: 'resolver settings', conf: { ipam: V4, dns: { nameservers: ['10.1.0.1'], search: ['test'] } } },
  {
    title: 'resolver settings of IPAM',
    conf: { ipam: fixed([{ address: '10.1.0.5/24' }], { dns: { domain: 'test' } }) },
  },
  ...['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.1.0'].map((cniVersion) => ({
    title: `version ${cniVersion}`,
    cniVersion,
    conf: { ipam: V4 },
  })),
];
