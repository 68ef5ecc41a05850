import type { Family } from '../../pkg/addr/address.ts';
import { type NatTable, readNatTable, type SavedRule } from '../../pkg/netfilter/iptables-save.ts';
import { retryOnConflict, type Site } from '../../pkg/netfilter/program.ts';
import { type Command, restore, restoreText } from '../../pkg/netfilter/restore.ts';
import { type Addition, sharedChains } from './add-iptables.ts';
import { type Forwarding, familiesIn, type RuleKey, socketAddress } from './forwarding.ts';
import { chainOf, containerRules, entryRules, oldChainOf, sharedRules } from './rules-iptables.ts';
import { type Neighbour, sharersOf, type Target } from './target.ts';

/** A line of a transaction. */
export type Line = Command | string;

/** Looks at the table, and makes what is missing in one transaction, what all share too; leftovers go in the same. */
export async function addToFound({ site, key, forwarding, own, options }: Addition): Promise<void> {
  const { family } = own;
  const sharers = sharersOf({ network: key.network, others: options.others });
  await retryOnConflict(site, async () => {
    const table = await readNatTable(site, family);
    const lines: Line[] = [];
    for (const target of options.evicted) {
      // Its own chain is made anew below.
      if (!target.backends.includes('iptables') || chainOf(target) === chainOf(key)) continue;
      lines.push(...removalLines(table, target, family));
    }
    lines.push(
      ...missingShared(table, forwarding),
      ...rebuilt(table, key, [...sharers, { ...key, forwarding }], family),
    );
    await restore(site, family, restoreText(distinct(lines)));
  });
}

/** Two that go may have shared a chain. */
function distinct(lines: readonly Line[]): readonly Line[] {
  return [...new Set(lines)];
}

/** Removes what is there, in whatever form. */
export async function removeFound(site: Site, target: Target, family: Family): Promise<void> {
  await retryOnConflict(site, async () => {
    const lines = removalLines(await readNatTable(site, family), target, family);
    if (lines.length > 0) await restore(site, family, restoreText(lines));
  });
}

/** The lines that remove an attachment's rules; what other attachments need of a chain they share is made again. */
export function removalLines(table: NatTable, target: Target, family: Family): Line[] {
  const sharers = sharersOf(target);
  if (sharers.length > 0) return rebuilt(table, target, sharers, family);
  const lines: Line[] = [];
  for (const chain of chainsOf(table, target)) lines.push(...chainRemoval(table, chain));
  return lines;
}

/** The lines that remove a chain and what leads to it. */
export function chainRemoval(table: NatTable, chain: string): Line[] {
  const lines = jumpsTo(table, chain).map(({ text }) => `-D ${text}`);
  return table.chains.has(chain) ? [...lines, `-F ${chain}`, `-X ${chain}`] : lines;
}

/** The chains of containers, each with the network and container that the comment of an entry names. */
export function entriesIn(table: NatTable): Map<string, RuleKey> {
  const entries = new Map<string, RuleKey>();
  for (const { comment = '', bare } of table.rules) {
    const [, network, containerId] = /^dnat name: "([^"]*)" id: "([^"]*)"$/.exec(comment) ?? [];
    const chain = / -j (CNI-DN-[\da-f]{21})$/.exec(bare)?.[1];
    if (network === undefined || containerId === undefined || chain === undefined) continue;
    // A comment is believed only when the chain's name follows from it.
    if (chainOf({ network, containerId }) === chain) entries.set(chain, { network, containerId });
  }
  return entries;
}

/** Whether an entry's comment says that it is of this network, of a container whose id is too long to be in it whole. */
export function isCutEntry({ comment = '' }: SavedRule, network: string): boolean {
  return comment.startsWith(`dnat name: "${network}" id: "`) && !comment.endsWith('"');
}

/** Without a record, a network that has another name by now is known by the address, or by there being nobody any more. */
function chainsOf(table: NatTable, target: Target): readonly string[] {
  const chains = new Set([chainOf(target), oldChainOf(target)]);
  if (target.forwarding !== undefined) return [...chains];
  const kept = target.others.map(chainOf);
  for (const [chain, { containerId }] of entriesIn(table)) {
    if (containerId !== target.containerId || kept.includes(chain)) continue;
    if (target.anyNetwork === true || leadsToAny(table, chain, target.addresses ?? [])) chains.add(chain);
  }
  return [...chains];
}

function leadsToAny({ rules }: NatTable, chain: string, addresses: readonly string[]): boolean {
  const own = rules.filter((rule) => rule.chain === chain);
  return addresses.some((address) => {
    const target = ` --to-destination ${socketAddress(address, 0).slice(0, -1)}`;
    return own.some(({ bare }) => bare.includes(target));
  });
}

function jumpsTo({ rules }: NatTable, chain: string): SavedRule[] {
  return rules.filter(({ bare }) => bare.endsWith(` -j ${chain}`));
}

/** The lines after which a chain, and what leads to it, is what these attachments need. */
function rebuilt(table: NatTable, key: RuleKey, attachments: readonly Neighbour[], family: Family): Line[] {
  const chain = chainOf(key);
  const rules = new Map<string, Command>();
  for (const { forwarding } of attachments) {
    for (const own of familiesIn(forwarding)) {
      if (own.family !== family) continue;
      const wanted = [...containerRules(key, forwarding, own), ...entryRules(key, forwarding, own)];
      for (const rule of wanted) rules.set(rule.join(' '), ['-A', ...rule]);
    }
  }
  const jumps = jumpsTo(table, chain).map(({ text }) => `-D ${text}`);
  if (rules.size === 0) return chainRemoval(table, chain);
  // The declaration makes the chain, or empties it.
  return [...jumps, `:${chain} - [0:0]`, ...rules.values()];
}

/** Who makes the same at the same time makes this one fail, and then it looks again. */
function missingShared(table: NatTable, forwarding: Forwarding): Line[] {
  const chains = sharedChains(forwarding).filter((chain) => !table.chains.has(chain));
  const there = new Set(table.rules.map(({ bare }) => bare));
  const rules = sharedRules(forwarding).filter(({ bare }) => !there.has(bare));
  return [
    ...chains.map((chain) => `-N ${chain}`),
    ...rules.map(({ chain, rule, first }) => (first ? ['-I', chain, '1', ...rule] : ['-A', chain, ...rule])),
  ];
}
