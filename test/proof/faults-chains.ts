import { writeSubnets } from '../netns/flannel/support.ts';
import type { Host, Pod } from '../netns/harness/host.ts';
import { type Conflist, confOf } from '../netns/harness/libcni-conf.ts';
import { callPlugin, type PluginCall, type ResultDocument } from '../netns/harness/plugin.ts';
import { plugLan } from '../netns/macvlan/support.ts';
import { tcp, udp } from '../netns/portmap/support.ts';
import type { ResidentHost } from './faults-resident.ts';

/** What is found wrong. */
export class Violation extends Error {}

/** A chain whose calls are made to fail. */
export interface Chain {
  readonly title: string;
  readonly list: Conflist;
  /** Values for the capabilities that its plugins declare. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  /** What the node needs before the first pod. */
  readonly prepare?: (host: Host) => Promise<unknown> | unknown;
  /** What the pod's namespace needs. */
  readonly preparePod?: (host: Host, pod: Pod) => Promise<unknown>;
  /** What a DEL leaves for the plugin before to take away with the link. */
  readonly afterDel?: string;
  /** The name of the interface; eth0 by default. */
  readonly ifName?: string;
}

const V4 = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};
const PORTS = { portMappings: [tcp(8080, 80), udp(5353, 53)] };
const MAPPED = { portMappings: true };

function listOf(...plugins: Conflist['plugins']): Conflist {
  return { cniVersion: '1.0.0', name: 'net', plugins };
}

const bridge = (conf: object = {}) => ({ type: 'bridge', isGateway: true, ipam: V4, ...conf });
const portmap = (conf: object = {}) => ({ type: 'portmap', capabilities: MAPPED, snat: true, ...conf });

/** All chains of the proof. */
export const CHAINS: readonly Chain[] = [
  { title: 'bridge', list: listOf(bridge()) },
  { title: 'bridge, masquerade by iptables', list: listOf(bridge({ ipMasq: true, ipMasqBackend: 'iptables' })) },
  {
    title: 'bridge, masquerade by nftables, spoof check',
    list: listOf(bridge({ ipMasq: true, ipMasqBackend: 'nftables', macspoofchk: true })),
  },
  { title: 'bridge, both families', list: listOf(bridge({ ipMasq: true, ipam: DUAL, mtu: 1400, hairpinMode: true })) },
  {
    title: 'bridge and portmap by iptables',
    list: listOf(bridge({ ipam: DUAL }), portmap({ backend: 'iptables' })),
    capabilities: PORTS,
  },
  {
    title: 'bridge and portmap by nftables',
    list: listOf(bridge({ ipam: DUAL }), portmap({ backend: 'nftables' })),
    capabilities: PORTS,
  },
  {
    title: 'flannel and portmap',
    list: {
      ...listOf({ type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } }, portmap()),
      name: 'cbr0',
    },
    capabilities: PORTS,
    prepare: (host) => writeSubnets(host),
  },
  {
    title: "podman's",
    list: {
      ...listOf(
        bridge({ bridge: 'cni-podman0', ipMasq: true, hairpinMode: true }),
        portmap(),
        { type: 'firewall', backend: '' },
        { type: 'tuning' },
      ),
      cniVersion: '0.4.0',
    },
    capabilities: PORTS,
  },
  { title: 'ptp, masquerade, both families', list: listOf({ type: 'ptp', ipMasq: true, ipam: DUAL }) },
  {
    title: 'macvlan',
    list: listOf({ type: 'macvlan', master: 'lan0', ipam: DUAL }),
    prepare: plugLan,
  },
  {
    title: 'bridge and bandwidth',
    list: listOf(bridge(), {
      type: 'bandwidth',
      ingressRate: 8_000_000,
      ingressBurst: 800_000,
      egressRate: 16_000_000,
      egressBurst: 800_000,
    }),
    afterDel:
      'for link in $(ls /sys/class/net | grep veth); do tc qdisc del dev $link root; tc qdisc del dev $link ingress; done 2>/dev/null',
  },
  {
    title: 'ptp and tuning of everything',
    list: listOf(
      { type: 'ptp', ipam: V4 },
      {
        type: 'tuning',
        mac: '02:00:5e:10:00:01',
        mtu: 1400,
        promisc: true,
        allmulti: true,
        sysctl: { 'net.ipv4.conf.IFNAME.arp_notify': '1', 'net.core.somaxconn': '500' },
      },
    ),
  },
  {
    title: 'bridge and firewall by nftables',
    list: listOf(bridge({ ipam: DUAL }), { type: 'firewall', backend: 'nftables', ingressPolicy: 'same-bridge' }),
  },
  {
    title: 'bridge and firewall by iptables',
    list: listOf(bridge({ ipam: DUAL }), { type: 'firewall', backend: 'iptables', ingressPolicy: 'same-bridge' }),
  },
  { title: 'tap', list: listOf({ type: 'tap', ipam: V4 }) },
  {
    title: 'host-device',
    list: listOf({ type: 'host-device', device: 'spare0', ipam: V4 }),
    prepare: (host) => host.ip('link add name spare0 address 02:00:00:00:00:20 type veth peer name spare1'),
  },
  { title: 'loopback', list: listOf({ type: 'loopback' }), ifName: 'lo' },
];

/** A pod of a chain in which the plugins before the one in question have done their work. */
export interface Scene<Node extends Host = ResidentHost> {
  readonly host: Node;
  readonly pod: Pod;
  /** The call of the plugin in question; after an ADD with what that gave. */
  call(verb: string, result?: ResultDocument): PluginCall;
  readonly plugin: string;
  /** The call of another plugin of the chain, by its number. */
  callOf(index: number, verb: string): PluginCall;
  /** Takes away what the plugin before would. */
  afterDel(): Promise<void>;
  /** Puts a call that has to succeed. */
  succeed(verb: string, result?: ResultDocument): Promise<ResultDocument | undefined>;
}

/** Addresses that come by themselves come when they like, so none do; those that are given are not waited for at random. */
export const STEADY_IPV6 = `cd /proc/sys/net/ipv6/conf/default
echo 1 >addr_gen_mode
echo 0 >router_solicitation_delay`;

/** Brings a pod as far as the plugin of this number. */
export async function sceneFor<Node extends Host>(
  host: Node,
  chain: Chain,
  at: number,
  containerId = 'victim',
): Promise<Scene<Node>> {
  const pod = await host.addPod();
  await pod.wearIn();
  await pod.run(['sh', '-c', STEADY_IPV6]);
  await chain.preparePod?.(host, pod);
  const ifName = chain.ifName ?? 'eth0';
  let before: ResultDocument | undefined;
  const callOf = (index: number, verb: string, prevResult: ResultDocument | undefined): PluginCall => {
    const plugin = pluginAt(chain, index);
    const conf = confOf(chain.list, plugin, { capabilities: chain.capabilities, prevResult });
    return { verb, containerId, netns: pod.path, ifName, conf };
  };
  for (let index = 0; index < at; index++) {
    const outcome = await callPlugin(host, pluginAt(chain, index).type, callOf(index, 'ADD', before));
    if (outcome.exitCode !== 0) throw new Error(`${chain.title}: ${outcome.stdout}${outcome.stderr}`);
    before = outcome.result;
  }
  const plugin = pluginAt(chain, at).type;
  return {
    host,
    pod,
    plugin,
    async afterDel() {
      if (chain.afterDel !== undefined) await host.run(['sh', '-c', chain.afterDel]);
    },
    async succeed(verb, result) {
      const outcome = await callPlugin(host, plugin, callOf(at, verb, result ?? before));
      if (outcome.exitCode !== 0) throw new Violation(`${verb} without a fault: ${outcome.stdout}${outcome.stderr}`);
      return outcome.result;
    },
    call: (verb, result) => callOf(at, verb, result ?? before),
    callOf: (index, verb) => callOf(index, verb, before),
  };
}

function pluginAt(chain: Chain, index: number): Conflist['plugins'][number] {
  const plugin = chain.list.plugins[index];
  if (plugin === undefined) throw new Error(`${chain.title} has no plugin ${index}`);
  return plugin;
}
