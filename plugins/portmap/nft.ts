import type { Family } from '../../pkg/addr/address.ts';
import { lookNatively } from '../../pkg/netfilter/native.ts';
import { mentions } from '../../pkg/netfilter/native-message.ts';
import type { NftAddition } from '../../pkg/netfilter/native-nft.ts';
import { isNative } from '../../pkg/netfilter/native-variant.ts';
import { type ListedRule, listTable } from '../../pkg/netfilter/nft-text.ts';
import { FilterError, isMissing, missingProgram, retryOnConflict, type Site } from '../../pkg/netfilter/program.ts';
import { allOf } from '../../pkg/netfilter/together.ts';
import { batchText, NFT, nftNatively, transact } from '../../pkg/netfilter/transact.ts';
import type { Message } from '../../pkg/rtnl/message.ts';
import { CniError } from '../../pkg/types/error.ts';
import type { AddOptions } from './add-iptables.ts';
import { type FamilyForwarding, type Forwarding, familiesIn, type RuleKey } from './forwarding.ts';
import { addressIn } from './listed-rule.ts';
import {
  CONTAINER_CHAINS,
  INTACT_PREROUTING,
  IP,
  nftAdditions,
  nftCommentOf,
  nftRules,
  setUp,
  TABLE_NAME,
} from './rules-nft.ts';
import type { Target } from './target.ts';

/** Adds the rules of both families in one transaction, and removes what has to go in the same. */
export async function addNft(site: Site, key: RuleKey, forwarding: Forwarding, options: AddOptions): Promise<void> {
  const families = familiesIn(forwarding);
  const additions: string[] = [];
  for (const own of families) additions.push(...nftAdditions(key.containerId, forwarding, own));
  const setUpAll = (): string[] => {
    options.onSetUp?.();
    const statements: string[] = [];
    for (const own of families) statements.push(...setUp(forwarding, own));
    return statements;
  };
  const leaving: Target[] = [];
  for (const target of options.evicted) if (target.backends.includes('nftables')) leaving.push(target);
  try {
    let tries = 0;
    const isReachable = await retryOnConflict(site, async () => {
      tries += 1;
      const removals = leaving.length === 0 ? [] : await removalsOf(site, leaving);
      const statements = [...removals, ...additions];
      const isReady = hasConditions(families) ? undefined : isReadyFor(site, families);
      if (isReady === true && removals.length === 0 && (await addNatively(site, key, forwarding, families)))
        return true;
      if (isReady !== undefined) {
        // What has failed once may need a chain that containers before had no rules for.
        const isEnough = isReady && tries === 1;
        await transact(site, isEnough ? statements : [...setUpAll(), ...statements]);
        return true;
      }
      const listing = await addToTable(site, families, statements);
      if (listing !== undefined) return isIntact(listing);
      await transact(site, [...setUpAll(), ...statements]);
      return true;
    });
    if (!isReachable) await retryOnConflict(site, () => transact(site, setUpAll()));
  } catch (thrown) {
    if (isMissing(thrown)) throw missingProgram('nft', thrown);
    if (!(thrown instanceof CniError)) throw thrown;
    const message = `unable to set up nftables rules for port mappings: ${thrown.message}`;
    throw new CniError(thrown.code, message, thrown.details, { cause: thrown });
  }
}

async function addNatively(
  site: Site,
  { containerId }: RuleKey,
  forwarding: Forwarding,
  families: readonly FamilyForwarding[],
): Promise<boolean> {
  if (!isNative('nftables')) return false;
  const comment = nftCommentOf(containerId);
  const additions: NftAddition[] = [];
  for (const own of families) {
    for (const { chain, rule } of nftRules(forwarding, own)) {
      additions.push({ family: own.family, table: TABLE_NAME, chain, rule, comment });
    }
  }
  return (await nftNatively(site, (nft) => nft.add(additions))) === true;
}

/** Removes rules of these attachments, of both families in one transaction; what is not there is fine. */
export async function removeNft(site: Site, targets: readonly Target[]): Promise<void> {
  await retryOnConflict(site, async () => {
    const removals = await removalsOf(site, targets);
    if (removals.length > 0) await transact(site, removals);
  });
}

/**
 * Adds rules to tables that are there already; `undefined` when they could not be added. It gives the chain that leads
 * to the rules, listed by the same process: making it anew each time would cost a grace period of the kernel. nft lists
 * one chain in a batch and no more, so that of the first family has to speak for all.
 */
async function addToTable(
  site: Site,
  families: readonly FamilyForwarding[],
  statements: readonly string[],
): Promise<string | undefined> {
  const [first] = families;
  // Nobody knows how nft lists conditions.
  if (first === undefined || hasConditions(families)) return undefined;
  const stdin = batchText([...statements, `list chain ${IP[first.family]} ${TABLE_NAME} prerouting`]);
  const outcome = await site.run(NFT, { stdin });
  if (outcome.timedOut) throw new FilterError(site, NFT, outcome, { stdin });
  return outcome.status === 0 ? outcome.stdout : undefined;
}

/** Whether everything that leads to the rules is there: what the kernel says; `undefined` when it cannot be asked. */
function isReadyFor(site: Site, families: readonly FamilyForwarding[]): boolean | undefined {
  if (site.onlyPrograms) return undefined;
  return lookNatively(site.place, (list) => {
    for (const { family } of families) {
      for (const [chain, ways] of LEADING_CHAINS) {
        const rules = list({ family, table: TABLE_NAME, chain });
        if (rules?.length !== ways.length) return false;
        for (let at = 0; at < ways.length; at++) {
          const [rule, way] = [rules[at], ways[at]];
          if (rule === undefined || way === undefined || !mentionsAll(rule, way)) return false;
        }
      }
    }
    return true;
  });
}

function mentionsAll(rule: Message, words: readonly string[]): boolean {
  for (const word of words) if (!mentions(rule, word)) return false;
  return true;
}

/** The chains that lead to containers' rules: what each of their rules mentions, in order. */
const LEADING_CHAINS: readonly (readonly [chain: string, ways: readonly (readonly string[])[]])[] = [
  ['prerouting', [['fib', 'hostports_all']]],
  ['output', [['fib', 'hostports_all']]],
  ['hostports_all', [['hostip_hostports'], ['hostports']]],
];

function hasConditions(families: readonly FamilyForwarding[]): boolean {
  for (const { conditions } of families) if (conditions.length > 0) return true;
  return false;
}

function isIntact(listing: string): boolean {
  let at = 0;
  for (const line of listing.split('\n')) {
    const text = line.trim();
    if (text === INTACT_PREROUTING[at]) at += 1;
    else if (at > 0) break;
  }
  return at === INTACT_PREROUTING.length;
}

/** The statements that remove the rules of these attachments. Handles are not used twice. */
async function removalsOf(site: Site, targets: readonly Target[]): Promise<string[]> {
  const statements: string[] = [];
  const families = familiesOf(targets);
  const ofComment = new Map<string, Target[]>();
  for (const target of targets) {
    const comment = nftCommentOf(target.containerId);
    ofComment.set(comment, [...(ofComment.get(comment) ?? []), target]);
  }
  const listings = await allOf(families.map((family) => listTable(site, IP[family], TABLE_NAME)));
  for (const [index, family] of families.entries()) {
    for (const rule of listings[index] ?? []) {
      const concerned = ofComment.get(rule.comment ?? '') ?? [];
      if (!concerned.some((target) => isOf(rule, target))) continue;
      statements.push(`delete rule ${IP[family]} ${TABLE_NAME} ${rule.chain} handle ${rule.handle}`);
    }
  }
  return statements;
}

function familiesOf(targets: readonly Target[]): readonly Family[] {
  const isKnown = targets.every(({ forwarding }) => forwarding !== undefined);
  if (!isKnown) return [4, 6];
  const used = new Set(targets.flatMap(({ forwarding }) => (forwarding ? familiesIn(forwarding) : [])).map(familyOf));
  return ([4, 6] as const).filter((family) => used.has(family));
}

function familyOf({ family }: FamilyForwarding): Family {
  return family;
}

/** The comment tells the container; of its attachments the address tells which. */
function isOf({ chain, text }: ListedRule, target: Target): boolean {
  if (!CONTAINER_CHAINS.includes(chain)) return false;
  const address = addressIn(text);
  if (address === undefined) return target.others.length === 0;
  if (target.addresses?.includes(address) === true) return true;
  if (target.others.some(({ forwarding }) => familiesIn(forwarding).some((own) => own.address === address)))
    return false;
  return target.addresses === undefined || target.anyNetwork === true;
}
