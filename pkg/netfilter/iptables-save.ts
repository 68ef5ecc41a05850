import type { Family } from '../addr/address.ts';
import { canonicalPrefix } from '../addr/prefix.ts';
import { iptablesProblem, isUnusable } from './backend.ts';
import { FilterError, runFilter, type Site } from './program.ts';
import { IPTABLES } from './restore.ts';

/** A line of iptables-save that appends a rule. */
export interface SavedRule {
  /** The rule as it is written after `-A ` or `-D `. */
  readonly text: string;
  /** The same without its comment. */
  readonly bare: string;
  readonly comment: string | undefined;
  readonly chain: string;
}

/** What a table of a family has. */
export interface NatTable {
  /** Chains that are not built in. */
  readonly chains: ReadonlySet<string>;
  readonly rules: readonly SavedRule[];
}

const COMMENT = / -m comment --comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/;

/** Reads the output of `iptables-save -t nat`. */
export function parseSave(output: string): NatTable {
  const chains = new Set<string>();
  const rules: SavedRule[] = [];
  for (const line of output.split('\n')) {
    const chain = /^:(\S+) - /.exec(line)?.[1];
    if (chain !== undefined) chains.add(chain);
    if (!line.startsWith('-A ')) continue;
    const text = line.slice(3);
    const found = COMMENT.exec(text);
    rules.push({
      text,
      bare: text.replace(COMMENT, ''),
      comment: found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2],
      chain: text.slice(0, text.indexOf(' ')),
    });
  }
  return { chains, rules };
}

/** Looks at the nat table of a family; see {@link readTable}. */
export function readNatTable(site: Site, family: Family): Promise<NatTable> {
  return readTable(site, family, 'nat');
}

/**
 * Looks at a table of a family; one that cannot be looked at because iptables cannot be used here is empty.
 *
 * @throws {ProgramError} when iptables is not installed
 */
export async function readTable(site: Site, family: Family, table: 'nat' | 'filter'): Promise<NatTable> {
  try {
    return parseSave(await runFilter(site, [`${IPTABLES[family]}-save`, '-t', table]));
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.wasEnded) throw thrown;
    if (!isUnusable(await iptablesProblem(site, family))) throw thrown;
    return { chains: new Set(), rules: [] };
  }
}

/** A rule that sends packets to a chain of masquerade rules. */
export interface Jump {
  readonly rule: SavedRule;
  readonly chain: string;
  /** `10.1.2.3/32`; `undefined` when it is written in a way that neither suite has. */
  readonly source: string | undefined;
}

/** The rules that send packets to the chains of containers. */
export function jumpsIn({ rules }: NatTable): Jump[] {
  return rules.flatMap((rule) => {
    const chain = / -[jg] (CNI-[0-9a-f]{24})$/.exec(rule.bare)?.[1];
    if (rule.chain !== 'POSTROUTING' || chain === undefined) return [];
    const source = /^POSTROUTING -s (\S+) -j \S+$/.exec(rule.bare)?.[1];
    return [{ rule, chain, source: source === undefined ? undefined : canonicalPrefix(source) }];
  });
}
