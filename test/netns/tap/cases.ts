import type { Pod } from '../harness/host.ts';
import { V4 } from './support.ts';

/** One configuration that both suites are given. */
export interface Case {
  readonly title: string;
  readonly conf: object;
  readonly cniVersion?: string;
  readonly args?: string;
  readonly prepare?: (pod: Pod) => Promise<unknown>;
  /** What the reference leaves out when it is given owner and group. */
  readonly ignoredByReference?: { readonly mtu?: number; readonly address?: string };
}

/** A MAC that is asked for. */
export const MAC = '02:00:5e:10:00:01';
/** One that does not count. */
export const OTHER = '02:00:5e:10:00:02';
const BOTH = { owner: 1234, group: 4321 };
const FIXED = {
  type: 'static',
  addresses: [{ address: '10.2.0.5/30', gateway: '10.2.0.6' }, { address: 'fd00:2::5/120' }],
  routes: [{ dst: '10.8.0.0/16', priority: 50 }],
  dns: { nameservers: ['10.2.0.6'] },
};
const withBridge = async (pod: Pod) => {
  await pod.ip('link add name br0 address 02:00:5e:10:00:09 type bridge');
  await pod.ip('link set dev br0 up');
};

/** Configurations over every key. */
export const CASES: readonly Case[] = [
  { title: 'an address', conf: {} },
  { title: 'without addresses', conf: { ipam: {} } },
  { title: 'without addresses, with resolver settings', conf: { ipam: undefined, dns: { nameservers: ['10.0.0.1'] } } },
  { title: 'resolver settings', conf: { ipam: V4, dns: { nameservers: ['10.0.0.1'], search: ['a.b'] } } },
  { title: 'fixed addresses of both families', conf: { ipam: FIXED } },
  ...['0.1.0', '0.3.1', '0.4.0', '1.1.0'].map((cniVersion) => ({
    title: `version ${cniVersion}`,
    conf: { ipam: V4 },
    cniVersion,
  })),
  { title: 'several queues', conf: { multiQueue: true } },
  { title: 'MTU', conf: { mtu: 1400 } },
  { title: 'MAC', conf: { mac: MAC.toUpperCase() } },
  { title: 'MAC of CNI_ARGS', conf: { mac: OTHER, ipam: {} }, args: `MAC=${MAC}` },
  { title: 'MAC of the runtime', conf: { mac: OTHER, ipam: {}, runtimeConfig: { mac: MAC } }, args: `MAC=${OTHER}` },
  { title: 'MTU, MAC and several queues', conf: { mtu: 1400, mac: MAC, multiQueue: true } },
  { title: 'owner', conf: { owner: 1234, mtu: 1400 } },
  { title: 'group', conf: { group: 4321, mac: MAC } },
  { title: 'owner and group', conf: BOTH },
  { title: 'owner and group 0', conf: { owner: 0, group: 0 } },
  { title: 'owner, group and several queues', conf: { ...BOTH, multiQueue: true } },
  {
    title: 'owner, group, MTU and MAC',
    conf: { ...BOTH, mtu: 1400, mac: MAC },
    ignoredByReference: { mtu: 1400, address: MAC },
  },
  { title: 'a bridge in the container', conf: { bridge: 'br0', ipam: {} }, prepare: withBridge },
  { title: 'a bridge, owner and group', conf: { bridge: 'br0', ...BOTH }, prepare: withBridge },
  // What cannot be.
  { title: 'a bridge that there is not', conf: { bridge: 'br0' } },
  { title: 'a MAC that is none', conf: { mac: 'zz', ...BOTH } },
  { title: 'CNI_ARGS that nobody knows', conf: {}, args: 'FOO=BAR' },
  { title: 'a context where there is no SELinux', conf: { selinuxContext: 'system_u:system_r:container_t:s0' } },
];
