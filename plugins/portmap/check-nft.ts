import { type ListedRule, listTable } from '../../pkg/netfilter/nft-text.ts';
import type { Site } from '../../pkg/netfilter/program.ts';
import type { Comparison } from './check.ts';
import { meet } from './claim.ts';
import type { FamilyForwarding, Forwarding, RuleKey } from './forwarding.ts';
import { addressIn, mappedRule } from './listed-rule.ts';
import { IP, nftCommentOf, nftRules, TABLE_NAME } from './rules-nft.ts';

/** What leads to the containers' rules. */
const LEADING: readonly (readonly [chain: string, jump: string])[] = [
  ['prerouting', 'jump hostports_all'],
  ['output', 'jump hostports_all'],
  ['hostports_all', 'jump hostip_hostports'],
  ['hostports_all', 'jump hostports'],
];

/** Compares the rules of a family with what nftables has. */
export async function compareNft(
  site: Site,
  { containerId }: RuleKey,
  forwarding: Forwarding,
  own: FamilyForwarding,
  isOurs: boolean,
): Promise<Comparison> {
  const table = `${IP[own.family]} ${TABLE_NAME}`;
  const rules = (await listTable(site, IP[own.family], TABLE_NAME)) ?? [];
  const comment = nftCommentOf(containerId);
  const present = rules.filter((rule) => rule.comment === comment);
  // What the reference made lacks nothing that it never has.
  const wanted = nftRules(forwarding, own).filter(({ isAddition }) => isOurs || isAddition !== true);
  const there = new Set(present.map(({ text }) => comparable(text)));
  const missing = wanted.filter(({ rule }) => !there.has(comparable(rule)));
  const unled = LEADING.filter(([chain, jump]) => {
    return !rules.some((rule) => rule.chain === chain && (rule.text === jump || rule.text.endsWith(` ${jump}`)));
  });
  return {
    present: wanted.length - missing.length,
    differences: [
      ...missing.map(({ chain, rule }) => `missing hostport rules in "${chain}" chain: ${rule} (table ${table})`),
      ...unled.map(([chain, jump]) => `missing rule in "${chain}" chain: ${jump} (table ${table})`),
      ...inFront(rules, comment, own),
    ],
  };
}

/** The same for a rule as it is written and as it is listed. */
function comparable(text: string): string {
  const mapped = mappedRule(text);
  // Listed without names, that an address was translated is a bit.
  return mapped === undefined ? text.replace(/ct status 0x0*20\b/, 'ct status dnat') : JSON.stringify(mapped);
}

/** Rules of others that get the packets of a mapping before its own do. */
function inFront(rules: readonly ListedRule[], comment: string, own: FamilyForwarding): string[] {
  const order = ['hostip_hostports', 'hostports'].flatMap((chain) => rules.filter((rule) => rule.chain === chain));
  const byPort = new Map<string, { readonly rule: ListedRule; readonly hostIp: string }[]>();
  for (const rule of order) {
    const mapped = mappedRule(rule.text);
    if (mapped === undefined) continue;
    const port = `${mapped.port}/${mapped.protocol}`;
    const known = byPort.get(port) ?? [];
    byPort.set(port, known);
    known.push({ rule, hostIp: mapped.hostIp });
  }
  const differences: string[] = [];
  for (const { hostPort, protocol, hostIp } of own.mappings) {
    const port = `${hostPort}/${protocol}`;
    const taking = (byPort.get(port) ?? []).filter((one) => meet(one.hostIp, hostIp));
    const first = taking.findIndex(({ rule }) => rule.comment === comment && addressIn(rule.text) === own.address);
    for (const { rule } of taking.slice(0, Math.max(0, first))) {
      // All interfaces of a container lead to the same place.
      if (rule.comment === comment) continue;
      const whose = rule.comment === undefined ? 'nobody knows whose' : `container ${rule.comment}`;
      differences.push(`host port ${port} is taken by a rule in front: ${rule.text} (${whose})`);
    }
  }
  return differences;
}
