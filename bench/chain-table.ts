import { join } from 'node:path';
import { ROOT } from '../scripts/lib/project.ts';
import type { ChainRequest, TimedChain } from './chain-loop.ts';

/** The plugins of a chain. */
export type ChainPlugins = ChainRequest['chains'][number]['plugins'];

/** A chain and how much of the reference's time its verbs may take. */
export interface Chain {
  readonly name: string;
  readonly plugins: ChainPlugins;
  /** What the reference does instead, where it is not one of its plugins that is replaced. */
  readonly reference?: ChainPlugins;
  readonly limits: { readonly ADD?: number; readonly CHECK?: number; readonly DEL?: number };
  /** At most so many rounds, where the reference takes seconds. */
  readonly mostRounds?: number;
}

/** Where our plugins are. */
export const BUILT = join(ROOT, 'dist/bin');

const IPV4 = { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]], routes: [{ dst: '0.0.0.0/0' }] };
const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};
const masquerading = (ipMasqBackend: string) => ({ ipMasq: true, ipMasqBackend });

/** What flanneld would write on the node, and what flannel makes of it: its peer is the delegate that it configures. */
export const SUBNET_ENV =
  'FLANNEL_NETWORK=10.64.0.0/10\nFLANNEL_SUBNET=10.88.0.1/16\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n';
const DELEGATE = { hairpinMode: true, isDefaultGateway: true };
const FLANNEL = { type: 'flannel', delegate: DELEGATE };
const FLANNEL_PEER = bridge({
  ...DELEGATE,
  ipMasq: false,
  mtu: 1450,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]], routes: [{ dst: '10.64.0.0/10' }] },
});
const PORTMAP = { type: 'portmap' };
const ONE_PORT = portmap('iptables');

/** All chains that are measured. */
export const CHAINS: readonly Chain[] = [
  { name: 'plain', plugins: [bridge({ ipam: IPV4 })], limits: { ADD: 0.9, CHECK: 1, DEL: 1.1 } },
  {
    name: 'masquerade (iptables)',
    plugins: [bridge({ ...masquerading('iptables'), ipam: IPV4 })],
    limits: { ADD: 0.55, CHECK: 1, DEL: 0.35 },
  },
  {
    name: 'masquerade (nftables)',
    plugins: [bridge({ ...masquerading('nftables'), ipam: IPV4 })],
    limits: { ADD: 0.35, CHECK: 1, DEL: 0.45 },
  },
  {
    name: 'port map (iptables)',
    plugins: [bridge({ ...masquerading('iptables'), ipam: IPV4 }), portmap('iptables')],
    limits: { ADD: 0.4, CHECK: 0.7, DEL: 0.3 },
  },
  {
    name: 'port map (nftables)',
    // The masquerade as above: the reference's own removal of one by nft fails half way on Debian 12.
    plugins: [bridge({ ...masquerading('iptables'), ipam: IPV4 }), portmap('nftables')],
    limits: { ADD: 0.4, CHECK: 0.7, DEL: 0.3 },
  },
  { name: 'both families', plugins: [bridge({ ipam: DUAL })], limits: { ADD: 0.9, CHECK: 1, DEL: 1.1 } },
  { name: 'ptp, both families', plugins: [{ type: 'ptp', ipam: DUAL }], limits: { ADD: 0.05 }, mostRounds: 8 },
  { name: 'ptp', plugins: [{ type: 'ptp', ...masquerading('iptables'), ipam: IPV4 }], limits: { ADD: 1 } },
  { name: 'macvlan', plugins: [{ type: 'macvlan', master: 'lan0', ipam: IPV4 }], limits: { ADD: 1 } },
  {
    name: 'podman, one port',
    plugins: [
      bridge({ ...masquerading('iptables'), ipam: IPV4 }),
      portmap('iptables'),
      { type: 'firewall' },
      { type: 'tuning' },
    ],
    limits: { ADD: 0.4, CHECK: 0.7, DEL: 0.25 },
  },
  {
    name: 'flannel, no port',
    plugins: [FLANNEL, PORTMAP],
    reference: [FLANNEL_PEER, PORTMAP],
    limits: { ADD: 1.25 },
  },
  {
    name: 'flannel, one port',
    plugins: [FLANNEL, ONE_PORT],
    reference: [FLANNEL_PEER, ONE_PORT],
    limits: { ADD: 0.5 },
  },
];

/** A chain for each suite, ours first: neither shares a bridge, a network, a range or a port with the other. */
export function forBoth(chain: Chain, reference: string): readonly [ours: TimedChain, theirs: TimedChain] {
  return [ofOurs(chain.plugins), timedChain('theirs', reference, chain.reference ?? chain.plugins, 1)];
}

/** A chain carried out by our plugins. */
export function ofOurs(plugins: ChainPlugins): TimedChain {
  return timedChain('ours', BUILT, plugins, 0);
}

function timedChain(name: string, folder: string, plugins: ChainPlugins, index: number): TimedChain {
  const own = plugins.map((plugin) => renumbered(onBridge(plugin, `br-${name}`), index));
  return { folder, network: name, cniVersion: '1.0.0', plugins: own };
}

function bridge(conf: object) {
  return { type: 'bridge', isGateway: true, ...conf };
}

function portmap(backend: string) {
  const portMappings = [{ hostPort: 18088, containerPort: 80, protocol: 'tcp' }];
  return { type: 'portmap', backend, runtimeConfig: { portMappings } };
}

/** A bridge for each suite: what one notes about its own must not slow the other. */
function onBridge(plugin: ChainPlugins[number], name: string): ChainPlugins[number] {
  if (plugin.type === 'bridge') return { ...plugin, bridge: name };
  return plugin.type === 'flannel' ? { ...plugin, delegate: { ...DELEGATE, bridge: name } } : plugin;
}

/** The second suite's bridge has a network of its own. */
function renumbered<T>(plugin: T, index: number): T {
  if (index === 0) return plugin;
  return JSON.parse(
    JSON.stringify(plugin)
      .replaceAll('10.88.', '10.89.')
      .replaceAll('fd00:88:', 'fd00:89:')
      .replaceAll('18088', '18089'),
  ) as T;
}
