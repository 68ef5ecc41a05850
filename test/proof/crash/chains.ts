import type { Host } from '../../netns/harness/host.ts';
import type { Attachment } from '../../netns/harness/libcni.ts';
import type { Conflist, PluginEntry } from '../../netns/harness/libcni-conf.ts';

/** A list whose plugins are killed, and what it needs. */
export interface Chain {
  readonly name: string;
  readonly list: Conflist;
  /** What is asked of it for the pod whose calls are killed. */
  readonly capabilities?: Attachment['capabilities'];
  /** For the pod that must not notice anything, where it cannot be the same list. */
  readonly bystanderList?: Conflist;
  /** Whom the bystander talks to; asked, it answers at its own address or, from outside, at a port of the host. */
  readonly talks: 'to its gateway' | 'to the outside' | 'by a host port' | 'when its host asks' | 'to nobody';
  /** The IPAM plugin's part, where it leases addresses from a range. */
  readonly ipam?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether each call is the first on its node, so that programs make what all containers share; nobody else is there. */
  readonly isFirst?: true;
  /** Whether GC leaves things in the namespace of a pod that still runs: rules of sbr end with the namespace. */
  readonly gcLeavesInPod?: true;
  /** What the host has before. */
  prepare?(host: Host): Promise<void>;
}

/** A range of three addresses: for the bystander, the victim and one more. */
const THREE = { subnet: '10.1.0.0/24', rangeStart: '10.1.0.2', rangeEnd: '10.1.0.4' };
const THREE_OF_V6 = { subnet: 'fd00:1::/64', rangeStart: 'fd00:1::2', rangeEnd: 'fd00:1::4' };
const V4 = { type: 'host-local', ranges: [[THREE]], routes: [{ dst: '0.0.0.0/0' }] };
const DUAL = {
  type: 'host-local',
  ranges: [[THREE], [THREE_OF_V6]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};
const PORTMAP = { type: 'portmap', capabilities: { portMappings: true } };
const PORTS = {
  portMappings: [
    { hostPort: 8080, containerPort: 80, protocol: 'tcp' },
    { hostPort: 5353, containerPort: 53, protocol: 'udp' },
  ],
};
const BY_PROGRAMS = { CNI_TS_NETFILTER: 'exec', CNI_TS_IP: 'exec' };

function listOf(plugins: readonly PluginEntry[], cniVersion = '1.1.0', name = 'net'): Conflist {
  return { cniVersion, name, plugins };
}

function bridge(conf: object = {}): PluginEntry {
  return { type: 'bridge', isGateway: true, ipam: V4, ...conf };
}

function masquerade(backend: string): PluginEntry {
  return bridge({ ipMasq: true, ipMasqBackend: backend });
}

function withStatic(address: string): Conflist {
  const ipam = { type: 'static', addresses: [{ address, gateway: '10.1.0.1' }], routes: [{ dst: '0.0.0.0/0' }] };
  return listOf([bridge({ ipam, isGateway: false, isDefaultGateway: false, bridge: 'br0' })]);
}

/** The bridge of a network whose addresses are fixed; with a MAC that does not change with its ports. */
async function addBridge(host: Host): Promise<void> {
  await host.ip('link add br0 address 02:00:00:00:00:01 type bridge');
  await host.ip('addr add 10.1.0.1/24 dev br0');
  await host.ip('link set dev br0 up');
}

/** A cable on the host: containers' links stand on the one end, the gateway is at the other. */
async function plugLan(host: Host): Promise<void> {
  await host.ip('link add name lan0 type veth peer name lan1');
  await host.ip('addr add 10.1.0.1/24 dev lan1');
  for (const link of ['lan1', 'lan0']) await host.ip(`link set dev ${link} up`);
}

/** A device for the victim and one for the bystander, whose other end is its gateway. */
async function addDevices(host: Host): Promise<void> {
  for (const device of ['dev0', 'dev1']) {
    await host.ip(`link add name ${device} type veth peer name ${device}-peer`);
    await host.ip(`link set dev ${device}-peer up`);
  }
  await host.ip('addr add 10.1.0.1/24 dev dev1-peer');
}

/** What flanneld has found out: five addresses. */
async function writeSubnets(host: Host): Promise<void> {
  const lines =
    'FLANNEL_NETWORK=10.244.0.0/16\\nFLANNEL_SUBNET=10.244.1.1/29\\nFLANNEL_MTU=1450\\nFLANNEL_IPMASQ=false\\n';
  const script = `mkdir -p /run/flannel && printf '${lines}' >/run/flannel/subnet.env`;
  const { exitCode, stderr } = await host.run(['sh', '-c', script]);
  if (exitCode !== 0) throw new Error(stderr);
}

const SHAPED = { ingressRate: 80_000_000, ingressBurst: 8_000_000, egressRate: 80_000_000, egressBurst: 8_000_000 };
const TUNED = { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' }, mtu: 1400 };

const PODMAN: readonly PluginEntry[] = [
  bridge({ ipMasq: true, hairpinMode: true, capabilities: { ips: true } }),
  PORTMAP,
  { type: 'firewall', backend: '' },
  TUNED,
];

const BRIDGES: readonly Chain[] = [
  { name: 'bridge', list: listOf([bridge()]), talks: 'to its gateway', ipam: V4 },
  { name: 'masquerade by iptables', list: listOf([masquerade('iptables')]), talks: 'to the outside', ipam: V4 },
  { name: 'masquerade by nftables', list: listOf([masquerade('nftables')]), talks: 'to the outside', ipam: V4 },
  {
    name: 'two families, masquerade, spoof check',
    list: listOf([bridge({ ipam: DUAL, ipMasq: true, macspoofchk: true })], '1.0.0'),
    talks: 'to the outside',
    ipam: DUAL,
  },
  {
    name: 'bridge with fixed addresses',
    list: withStatic('10.1.0.2/24'),
    bystanderList: withStatic('10.1.0.3/24'),
    talks: 'to its gateway',
    prepare: addBridge,
  },
];

const PORTS_AND_MORE: readonly Chain[] = [
  ...['iptables', 'nftables'].map((backend): Chain => {
    const list = listOf([bridge({ ipam: DUAL }), { ...PORTMAP, backend }], '1.0.0');
    return { name: `host ports by ${backend}`, list, capabilities: PORTS, talks: 'by a host port', ipam: DUAL };
  }),
  {
    name: 'flannel',
    list: listOf(
      [{ type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } }, PORTMAP],
      '0.3.1',
      'cbr0',
    ),
    capabilities: PORTS,
    talks: 'by a host port',
    ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.1.0/29' }]] },
    prepare: writeSubnets,
  },
  { name: 'podman', list: listOf(PODMAN, '0.4.0'), capabilities: PORTS, talks: 'by a host port', ipam: V4 },
];

const PROGRAMS: readonly Chain[] = [
  ...['iptables', 'nftables'].map((backend): Chain => {
    const list = listOf([masquerade(backend), { ...PORTMAP, backend }]);
    return {
      name: `by programs: ${backend}`,
      list,
      capabilities: PORTS,
      talks: 'by a host port',
      ipam: V4,
      env: BY_PROGRAMS,
    };
  }),
  ...['iptables', 'nftables'].map((backend): Chain => {
    const list = listOf([masquerade(backend), { ...PORTMAP, backend }, { type: 'firewall', backend }]);
    return {
      name: `first on its node: ${backend}`,
      list,
      capabilities: PORTS,
      talks: 'to nobody',
      ipam: V4,
      isFirst: true,
    };
  }),
];

const LINKS: readonly Chain[] = [
  { name: 'ptp', list: listOf([{ type: 'ptp', ipMasq: true, ipam: DUAL }]), talks: 'to its gateway', ipam: DUAL },
  {
    name: 'macvlan',
    list: listOf([{ type: 'macvlan', master: 'lan0', ipam: V4 }]),
    talks: 'to its gateway',
    ipam: V4,
    prepare: plugLan,
  },
  { name: 'tap', list: listOf([{ type: 'tap', ipam: V4 }]), talks: 'to nobody', ipam: V4 },
  {
    name: 'host-device',
    list: listOf([{ type: 'host-device', device: 'dev0', ipam: V4 }]),
    bystanderList: listOf([{ type: 'host-device', device: 'dev1', ipam: V4 }]),
    talks: 'to its gateway',
    ipam: V4,
    prepare: addDevices,
  },
  { name: 'bandwidth', list: listOf([bridge(), { type: 'bandwidth', ...SHAPED }]), talks: 'to its gateway', ipam: V4 },
  {
    name: 'sbr',
    list: listOf([bridge(), { type: 'sbr' }]),
    talks: 'when its host asks',
    ipam: V4,
    gcLeavesInPod: true,
  },
];

/** All chains, in groups of about the same length. */
export const CHAINS = { BRIDGES, PORTS_AND_MORE, PROGRAMS, LINKS } as const;
