import { type ListedRule, listTable } from '../../pkg/netfilter/nft-text.ts';
import type { Site } from '../../pkg/netfilter/program.ts';
import type { Comparison } from './check.ts';
import { meet } from './claim.ts';
import type { FamilyForwarding, Forwarding, RuleKey } from './forwarding.ts';
import { addressIn, mappedRule } from './listed-rule.ts';
import type { PortMapping } from './mapping.ts';
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
  const missing = wanted.filter(({ rule }) => !present.some(({ text }) => isSame(text, rule)));
  const unled = LEADING.filter(([chain, jump]) => {
    return !rules.some((rule) => rule.chain === chain && (rule.text === jump || rule.text.endsWith(` ${jump}`)));
  });
  return {
    present: wanted.length - missing.length,
    differences: [
      ...missing.map(({ chain, rule }) => `missing hostport rules in "${chain}" chain: ${rule} (table ${table})`),
      ...unled.map(([chain, jump]) => `missing rule in "${chain}" chain: ${jump} (table ${table})`),
      ...own.mappings.flatMap((mapping) => inFront(rules, comment, own, mapping)),
    ],
  };
}

function isSame(text: string, rule: string): boolean {
  const wanted = mappedRule(rule);
  // Listed without names, that an address was translated is a bit.
  if (wanted === undefined) return text.replace(/ct status 0x0*20\b/, 'ct status dnat') === rule;
  const found = mappedRule(text);
  return found !== undefined && JSON.stringify(found) === JSON.stringify(wanted);
}

/** Rules of others that get the packets of a mapping before its own do. */
function inFront(rules: readonly ListedRule[], comment: string, own: FamilyForwarding, mapping: PortMapping): string[] {
  const order = ['hostip_hostports', 'hostports'].flatMap((chain) => rules.filter((rule) => rule.chain === chain));
  const first = order.findIndex((rule) => {
    return rule.comment === comment && addressIn(rule.text) === own.address && takes(rule, mapping);
  });
  // All interfaces of a container lead to the same place.
  const taking = order.slice(0, Math.max(0, first)).filter((rule) => rule.comment !== comment && takes(rule, mapping));
  return taking.map(({ text, comment: owner }) => {
    const whose = owner === undefined ? 'nobody knows whose' : `container ${owner}`;
    return `host port ${mapping.hostPort}/${mapping.protocol} is taken by a rule in front: ${text} (${whose})`;
  });
}

function takes({ text }: ListedRule, { protocol, hostPort, hostIp }: PortMapping): boolean {
  const mapped = mappedRule(text);
  return mapped?.protocol === protocol && mapped.port === hostPort && meet(mapped.hostIp, hostIp);
}
