import { type NatTable, readNatTable, type SavedRule } from '../../pkg/netfilter/iptables-save.ts';
import { FilterError, type Site } from '../../pkg/netfilter/program.ts';
import { type Command, IPTABLES, natively, restore, restoreText } from '../../pkg/netfilter/restore.ts';
import type { Comparison } from './check.ts';
import { meet } from './claim.ts';
import type { FamilyForwarding, Forwarding, RuleKey } from './forwarding.ts';
import type { PortMapping } from './mapping.ts';
import { CHAIN, chainOf, containerRules, entryRules, sharedRules } from './rules-iptables.ts';

/** Each one that is missing costs a process, and these are enough to know. */
const MOST_MISSING = 20;

/** Compares the rules of a family with what iptables has. */
export async function compareIptables(
  site: Site,
  key: RuleKey,
  forwarding: Forwarding,
  own: FamilyForwarding,
): Promise<Comparison> {
  const entries = entryRules(key, forwarding, own);
  const rules = [...containerRules(key, forwarding, own), ...entries];
  if (await isComplete(site, forwarding, own, rules, entries[0])) return { present: rules.length, differences: [] };
  const table = await readNatTable(site, own.family);
  const chain = chainOf(key);
  const program = IPTABLES[own.family];
  if (!table.chains.has(chain)) {
    const difference = `could not check ipv${own.family} dnat: chain ${chain} not found in ${program} table nat`;
    return { present: 0, differences: [difference] };
  }
  const there = new Set(table.rules.map(({ bare }) => bare));
  const shared = sharedRules(forwarding).filter(({ bare }) => !there.has(bare));
  const missing = await missingOf(site, own, rules);
  return {
    present: rules.length - missing.length,
    differences: [
      ...[...shared.map((one) => [one.chain, ...one.rule]), ...missing].map(([name, ...rule]) => {
        return `rule [${rule.join(' ')}] in chain ${name} not found in table nat of ${program}`;
      }),
      ...inFront(table, chain, own.mappings),
    ],
  };
}

/** Whether all rules are there and nothing is in front of the first entry; `false` says only that this was not seen. */
async function isComplete(
  site: Site,
  forwarding: Forwarding,
  own: FamilyForwarding,
  rules: readonly Command[],
  firstEntry: Command | undefined,
): Promise<boolean> {
  const wanted = [...rules];
  for (const { chain, rule } of sharedRules(forwarding)) wanted.push([chain, ...rule]);
  const ports: number[] = [];
  for (const { hostPort } of own.mappings) ports.push(hostPort);
  const isSeen = await natively(site, own.family, (tables) => {
    return tables.haveAll('nat', wanted) && (firstEntry === undefined || tables.isFirstFor(ports, 'nat', firstEntry));
  });
  return isSeen === true;
}

/** iptables itself says whether a rule is there: it lists them in another form than they are written in. */
async function missingOf(site: Site, { family }: FamilyForwarding, rules: readonly Command[]): Promise<Command[]> {
  const missing: Command[] = [];
  let rest = rules;
  while (rest.length > 0 && missing.length < MOST_MISSING) {
    try {
      await restore(site, family, restoreText(rest.map((rule) => ['-C', ...rule])));
      break;
    } catch (thrown) {
      if (!(thrown instanceof FilterError)) throw thrown;
      const line = Number(/line (\d+) failed/.exec(thrown.stderr)?.[1]);
      // The first line names the table.
      const absent = rest[line - 2];
      if (absent === undefined) throw thrown;
      missing.push(absent);
      rest = rest.slice(line - 1);
    }
  }
  return missing;
}

/** Rules of others that get the packets of a mapping before its own do. */
function inFront(table: NatTable, chain: string, mappings: readonly PortMapping[]): string[] {
  const entries = table.rules.filter((rule) => rule.chain === CHAIN.dnat);
  const own = entries.findIndex((rule) => targetOf(rule) === chain);
  if (own <= 0) return [];
  const ofChain = new Map<string, SavedRule[]>();
  for (const rule of table.rules) {
    const known = ofChain.get(rule.chain);
    if (known === undefined) ofChain.set(rule.chain, [rule]);
    else known.push(rule);
  }
  const differences: string[] = [];
  for (const entry of entries.slice(0, own)) {
    const about = aboutOf(entry);
    const target = targetOf(entry) ?? '';
    const leading = target.startsWith('CNI-DN-') ? (ofChain.get(target) ?? []) : [entry];
    const taking = leading.filter(({ bare }) => TAKING.test(bare)).map(aboutOf);
    for (const mapping of mappings) {
      if (!isAbout(about, mapping) || !taking.some((one) => isTaking(one, mapping))) continue;
      const port = `${mapping.hostPort}/${mapping.protocol}`;
      differences.push(`host port ${port} is taken by a rule in front: -A ${entry.text}`);
    }
  }
  return differences;
}

function targetOf({ bare }: SavedRule): string | undefined {
  return / -j (\S+)(?: |$)/.exec(bare)?.[1];
}

const TAKING = / -j (?:DNAT|REDIRECT|ACCEPT|RETURN)(?: |$)/;

/** Which packets a rule is for; `undefined` for all. */
interface About {
  readonly protocol: string | undefined;
  readonly ports: readonly (readonly [first: number, last: number])[] | undefined;
  readonly destination: string | undefined;
}

function aboutOf({ bare }: SavedRule): About {
  const [, protocol] = / -p (\S+)/.exec(bare) ?? [];
  const [, ports] = / --dports? (\S+)/.exec(bare) ?? [];
  const destination = / -d (\S+?)(?:\/(?:32|128))?(?: |$)/.exec(bare)?.[1];
  const ranges = ports?.split(',').map((range) => {
    const [first = '', last = first] = range.split(':');
    return [Number(first), Number(last)] as const;
  });
  return { protocol, ports: ranges, destination };
}

function isTaking(about: About, mapping: PortMapping): boolean {
  if (!isAbout(about, mapping)) return false;
  return about.destination === undefined || meet(about.destination, mapping.hostIp);
}

/** Whether a rule is for packets of that protocol to that port. */
function isAbout({ protocol, ports }: About, mapping: PortMapping): boolean {
  if (protocol !== undefined && protocol !== mapping.protocol) return false;
  return ports?.some(([first, last]) => mapping.hostPort >= first && mapping.hostPort <= last) ?? true;
}
