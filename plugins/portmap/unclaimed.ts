import type { Family } from '../../pkg/addr/address.ts';
import { type ListRules, lookNatively } from '../../pkg/netfilter/native.ts';
import { commentOf } from '../../pkg/netfilter/native-message.ts';
import { isForOtherPorts } from '../../pkg/netfilter/native-ports.ts';
import { isIptablesNative } from '../../pkg/netfilter/native-variant.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { onlyFilterPrograms } from '../../pkg/plan/options.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { readTextFile } from '../../pkg/sys/files.ts';
import { hasProgram } from '../../pkg/sys/process.ts';
import type { Claim } from './claim.ts';
import { type Forwarding, familiesIn, type RuleKey } from './forwarding.ts';
import type { MappedPort, RuleSource } from './mapped.ts';
import type { PortMapping } from './mapping.ts';
import { CHAIN } from './rules-iptables.ts';
import { nftCommentOf, TABLE_NAME } from './rules-nft.ts';

/** Claims that nobody has noted, by port. */
export type UnclaimedPorts = ReadonlyMap<string, readonly Claim[]>;

const NONE: UnclaimedPorts = new Map();
/** The kernel's rules are looked through once for each; of more ports all rules are read. */
const MOST_SOUGHT = 16;
/** Names the tables of the legacy iptables that are in use. */
const LEGACY_TABLES = { 4: '/proc/net/ip_tables_names', 6: '/proc/net/ip6_tables_names' } as const;

/**
 * Who has ports of a mapping by the kernel's rules alone: containers of the reference plugins, or whose note is lost.
 * Nearly always nobody has, and that is all that is found out at first: nothing is read but rules for these ports.
 */
export async function unclaimedPorts(
  environment: Environment,
  { containerId }: RuleKey,
  forwarding: Forwarding,
): Promise<UnclaimedPorts> {
  const sources = suspects(environment, containerId, forwarding);
  if (sources.length === 0) return NONE;
  const wanted = new Set<string>();
  for (const { protocol, hostPort } of forwarding.mappings) wanted.add(`${protocol}-${hostPort}`);
  const { foreignClaims } = await import('./foreign.ts');
  return foreignClaims(environment, sources, (mapped: MappedPort) => {
    return mapped.containerId !== containerId && wanted.has(`${mapped.protocol}-${mapped.hostPort}`);
  });
}

/** Where a rule of another container may be about one of these ports. */
function suspects(environment: Environment, containerId: string, forwarding: Forwarding): readonly RuleSource[] {
  const families: Family[] = [];
  for (const { family } of familiesIn(forwarding)) families.push(family);
  const all: RuleSource[] = [];
  for (const family of families) all.push({ backend: 'iptables', family }, { backend: 'nftables', family });
  const { mappings } = forwarding;
  if (mappings.length > MOST_SOUGHT || onlyFilterPrograms(environment)) return all;
  const seen = lookNatively(ownNetns(), (list) => {
    const found: RuleSource[] = [];
    for (const family of families) {
      if (isInIptables(list, family, mappings)) found.push({ backend: 'iptables', family });
      if (isInNft(list, family, containerId, mappings)) found.push({ backend: 'nftables', family });
    }
    return found;
  });
  return seen ?? all;
}

function isInIptables(list: ListRules, family: Family, mappings: readonly PortMapping[]): boolean {
  // The legacy tables are for its program alone.
  if (!isIptablesNative() && hasProgram('iptables') && readTextFile(LEGACY_TABLES[family])?.includes('nat'))
    return true;
  for (const { hostPort } of mappings) {
    const bytes = Buffer.from([hostPort & 255, hostPort >> 8]);
    for (const rule of list({ family, table: 'nat', chain: CHAIN.dnat }, bytes) ?? []) {
      if (!isForOtherPorts(rule, [hostPort])) return true;
    }
  }
  return false;
}

function isInNft(list: ListRules, family: Family, containerId: string, mappings: readonly PortMapping[]): boolean {
  const own = nftCommentOf(containerId);
  for (const { hostPort } of mappings) {
    const bytes = Buffer.from([hostPort >> 8, hostPort & 255]);
    for (const rule of list({ family, table: TABLE_NAME, chain: '' }, bytes) ?? []) {
      if (commentOf(rule) !== own && commentOf(rule) !== '') return true;
    }
  }
  return false;
}
