import type { Family } from '../../pkg/addr/address.ts';
import { type ListRules, lookNatively } from '../../pkg/netfilter/native.ts';
import { commentOf, type NativeChain } from '../../pkg/netfilter/native-message.ts';
import { isForOtherPorts } from '../../pkg/netfilter/native-ports.ts';
import { isIptablesNative } from '../../pkg/netfilter/native-variant.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { onlyFilterPrograms } from '../../pkg/plan/options.ts';
import type { Message } from '../../pkg/rtnl/message.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { readTextFile } from '../../pkg/sys/files/files.ts';
import type { Claim } from './claim.ts';
import { foreignClaims, mappedIn } from './foreign.ts';
import { type Forwarding, familiesIn, type RuleKey } from './forwarding.ts';
import type { MappedPort, RuleSource } from './mapped.ts';
import { CHAIN } from './rules-iptables.ts';
import { nftCommentOf, TABLE_NAME } from './rules-nft.ts';

/** Claims that nobody has noted, by port. */
export type UnclaimedPorts = ReadonlyMap<string, readonly Claim[]>;

const NONE: UnclaimedPorts = new Map();
/** Where nft's rules for ports are; beside them every container has three more. */
const MAPPING_CHAINS = ['hostports', 'hostip_hostports'] as const;
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
  const sources = await suspects(environment, containerId, forwarding);
  if (sources.length === 0) return NONE;
  const wanted = new Set<string>();
  for (const { protocol, hostPort } of forwarding.mappings) wanted.add(`${protocol}-${hostPort}`);
  return foreignClaims(environment, sources, (mapped: MappedPort) => {
    return mapped.containerId !== containerId && wanted.has(`${mapped.protocol}-${mapped.hostPort}`);
  });
}

/** Whether any IPv4 port of this host leads to a container, whoever made the rule. What cannot be found out counts as yes. */
export async function isAnyPortMapped(environment: Environment): Promise<boolean> {
  try {
    const needsPrograms = onlyFilterPrograms(environment) || isLegacy(4);
    const seen = needsPrograms ? undefined : lookNatively(ownNetns(), isAnyListed);
    if (seen !== undefined) return seen;
    return (await mappedIn(sourcesOf([4]))).length > 0;
  } catch {
    return true;
  }
}

/** `undefined` when nobody may look. */
function isAnyListed(list: ListRules): boolean | undefined {
  const chains: NativeChain[] = [{ family: 4, table: 'nat', chain: CHAIN.dnat }];
  for (const chain of MAPPING_CHAINS) chains.push({ family: 4, table: TABLE_NAME, chain });
  for (const chain of chains) {
    const rules = list(chain);
    if (rules === undefined) return undefined;
    if (rules.length > 0) return true;
  }
  return false;
}

/** Where a rule of another container is about one of these ports. */
async function suspects(
  environment: Environment,
  containerId: string,
  forwarding: Forwarding,
): Promise<readonly RuleSource[]> {
  const families: Family[] = [];
  for (const { family } of familiesIn(forwarding)) families.push(family);
  const all = sourcesOf(families);
  const { mappings } = forwarding;
  if (mappings.length > MOST_SOUGHT || onlyFilterPrograms(environment)) return all;
  const own = nftCommentOf(containerId);
  const found: RuleSource[] = [];
  const entries: Entry[] = [];
  const isSeen = lookNatively(ownNetns(), (list) => {
    for (const family of families) {
      if (isLegacy(family)) found.push({ backend: 'iptables', family });
      for (const { hostPort } of mappings) {
        entries.push(...entriesAbout(list, family, hostPort));
        if (isInNft(list, family, own, hostPort)) found.push({ backend: 'nftables', family });
      }
    }
    return true;
  });
  if (isSeen === undefined) return all;
  if (entries.length > 0) {
    for (const { family, hostPort, rule } of entries) {
      if (!isForOtherPorts(rule, new Set([hostPort]))) found.push({ backend: 'iptables', family });
    }
  }
  return distinct(found);
}

function sourcesOf(families: readonly Family[]): readonly RuleSource[] {
  const sources: RuleSource[] = [];
  for (const family of families) sources.push({ backend: 'iptables', family }, { backend: 'nftables', family });
  return sources;
}

/** An entry in which a port's bytes stand. */
interface Entry {
  readonly family: Family;
  readonly hostPort: number;
  readonly rule: Message;
}

function entriesAbout(list: ListRules, family: Family, hostPort: number): readonly Entry[] {
  // As `multiport` keeps it, among others.
  const bytes = Buffer.from([hostPort & 255, hostPort >> 8]);
  const entries: Entry[] = [];
  for (const rule of list({ family, table: 'nat', chain: CHAIN.dnat }, bytes) ?? []) {
    entries.push({ family, hostPort, rule });
  }
  return entries;
}

function isInNft(list: ListRules, family: Family, own: string, hostPort: number): boolean {
  // What a port is compared with: an attribute of two bytes, filled up to four.
  const bytes = Buffer.from([6, 0, 1, 0, hostPort >> 8, hostPort & 255, 0, 0]);
  for (const chain of MAPPING_CHAINS) {
    for (const rule of list({ family, table: TABLE_NAME, chain }, bytes) ?? [])
      if (commentOf(rule) !== own) return true;
  }
  return false;
}

/** Whether the legacy iptables has rules here, which are for its program alone. */
function isLegacy(family: Family): boolean {
  return readTextFile(LEGACY_TABLES[family])?.includes('nat') === true && !isIptablesNative();
}

function distinct(sources: readonly RuleSource[]): readonly RuleSource[] {
  const found = new Map<string, RuleSource>();
  for (const source of sources) found.set(`${source.backend} ${source.family}`, source);
  return [...found.values()];
}
