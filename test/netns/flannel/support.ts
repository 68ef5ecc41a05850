import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePlugins } from '../../../scripts/lib/reference.ts';
import { SHARED } from '../bridge/support.ts';
import type { Host } from '../harness/host.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';

/** Where plugins are looked for: what this suite does not have yet is the reference's. */
export const WITH_REFERENCE: readonly string[] = [BUILT_PLUGINS, await referencePlugins()];

const SUBNET_FILE = '/run/flannel/subnet.env';

/** Where stored configurations are. */
export const DATA_DIR = '/var/lib/cni/flannel';

/** What is there for good after the first pod; of what is stored only the folder. */
export const STAYS: readonly RegExp[] = [
  ...SHARED.filter((pattern) => !pattern.source.includes('lib\\/cni')),
  /^file \/var\/lib\/cni\/(?:flannel|networks) folder/,
  // The store of a network: its folder, the lock, the last address, and our index beside it.
  /^file \/var\/lib\/cni\/networks\/(?:\.cni-ts\b|[\w-]+ folder|[\w-]+\/(?:lock|last_reserved_ip\.\d+) )/,
  /^file \/run\/flannel/,
];

/** What flanneld has found out about a node. */
export interface NodeSubnets {
  readonly network?: string;
  readonly subnet?: string;
  readonly network6?: string;
  readonly subnet6?: string;
  readonly mtu?: number;
  readonly masquerades?: boolean;
}

/** The lines that flanneld writes. */
export function subnetEnv({ network, subnet, network6, subnet6, mtu = 1450, masquerades = true }: NodeSubnets): string {
  const pairs = [
    ['FLANNEL_NETWORK', network],
    ['FLANNEL_SUBNET', subnet],
    ['FLANNEL_IPV6_NETWORK', network6],
    ['FLANNEL_IPV6_SUBNET', subnet6],
    ['FLANNEL_MTU', mtu],
    ['FLANNEL_IPMASQ', masquerades],
  ] as const;
  return pairs.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`])).join('');
}

/** An ordinary node of an IPv4 network. */
export const NODE: NodeSubnets = { network: '10.244.0.0/16', subnet: '10.244.1.1/24' };

/** Does on a host what flanneld does as soon as it knows its subnet. */
export function writeSubnets(host: Host, subnets: NodeSubnets = NODE): void {
  mkdirSync(`${host.root}/run/flannel`, { recursive: true });
  writeFileSync(host.root + SUBNET_FILE, subnetEnv(subnets));
}

/** Does on a host what uninstalling flannel does. */
export function removeSubnets(host: Host): void {
  rmSync(join(host.root, '/run/flannel'), { recursive: true, force: true });
}

/** The list that every guide installs, with other keys of flannel's entry and without portmap where asked. */
export function flannelList(
  conf: object = {},
  { cniVersion = '0.3.1', portmap = false, name = 'cbr0' } = {},
): Conflist {
  const flannel = { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true }, ...conf };
  const entries = portmap ? [{ type: 'portmap', capabilities: { portMappings: true } }] : [];
  return { cniVersion, name, plugins: [flannel, ...entries] };
}

/** The names of what is stored, our own files with their folder. */
export async function storedOn(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['find', DATA_DIR, '-not', '-type', 'd', '-printf', '%P\\n']);
  return stdout
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}
