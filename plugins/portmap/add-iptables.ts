import type { ProgramAhead } from '../../pkg/netfilter/ahead.ts';
import type { NativeTables } from '../../pkg/netfilter/native-tables.ts';
import { FilterError, isMissing, missingProgram, type Site } from '../../pkg/netfilter/program.ts';
import { type Command, IPTABLES, natively, restore, restoreText } from '../../pkg/netfilter/restore.ts';
import { allOf } from '../../pkg/netfilter/together.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { type FamilyForwarding, type Forwarding, familiesIn, type RuleKey } from './forwarding.ts';
import { addToFound } from './found-iptables.ts';
import { removeKnown } from './remove-iptables.ts';
import { CHAIN, chainOf, containerRules, ENTRY_JUMP, entryRules, sharedRules } from './rules-iptables.ts';
import { sharersOf, type Target } from './target.ts';

/** What goes and what stays when rules are added. */
export interface AddOptions {
  /** Whose ports are taken over, and what an earlier ADD has left: these rules go in the same transaction. */
  readonly evicted: readonly Target[];
  /** Other attachments of the same container. */
  readonly others: Target['others'];
  /** A program that waits for its input already. */
  readonly ahead?: ProgramAhead | undefined;
  /** Told when what all containers share had to be made. */
  readonly onSetUp?: () => void;
}

/** What one family's rules are made from. */
export interface Addition {
  readonly site: Site;
  readonly key: RuleKey;
  readonly forwarding: Forwarding;
  readonly own: FamilyForwarding;
  readonly options: AddOptions;
}

/** Adds the rules of both families; when one fails, it is for the caller to take back the other. */
export async function addIptables(
  site: Site,
  key: RuleKey,
  forwarding: Forwarding,
  options: AddOptions,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (const own of familiesIn(forwarding)) running.push(addFamily({ site, key, forwarding, own, options }));
  await allOf(running);
}

/** It is taken for granted that everything shared is there and nothing else; only when it is not, somebody looks. */
async function addFamily(addition: Addition): Promise<void> {
  const { key, own, options } = addition;
  try {
    const isAlone = sharersOf({ network: key.network, others: options.others }).length === 0;
    if (isAlone && (await addUnseen(addition))) return;
    await addToFound(addition);
    options.onSetUp?.();
  } catch (thrown) {
    if (isMissing(thrown)) throw missingProgram(IPTABLES[own.family], thrown, 'open');
    if (!(thrown instanceof CniError)) throw thrown;
    throw new CniError(thrown.code, `unable to setup DNAT: ${thrown.message}`, thrown.details, { cause: thrown });
  }
}

/** Adds after a look at nothing but what all share; gives `false` when there has to be one. */
async function addUnseen(addition: Addition): Promise<boolean> {
  const { site, key, forwarding, own, options } = addition;
  const removals: Command[] = [];
  for (const target of options.evicted) {
    if (!target.backends.includes('iptables')) continue;
    const known = removeKnown(target, own.family);
    if (known === undefined) return false;
    removals.push(...known);
  }
  const changes = [...removals, ...additions(key, forwarding, own)];
  const isDone = await natively(site, own.family, (tables) => addNatively(tables, addition, changes));
  if (isDone === true) return true;
  // Looking and changing are apart: together iptables would read every container's rules before it changes anything.
  const text = restoreText(looks(forwarding)) + restoreText(changes);
  try {
    return leadsToEntries(await restore(site, own.family, text));
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.timedOut || thrown.code === ErrorCode.tryAgain) throw thrown;
    return false;
  }
}

/**
 * Adds while the rest of what all share is looked for: the kernel goes through all containers' rules meanwhile. When
 * something is missing, what was added goes again: `false`.
 */
async function addNatively(tables: NativeTables, addition: Addition, changes: readonly Command[]): Promise<boolean> {
  const { key, forwarding, own, options } = addition;
  const before: Command[] = [];
  const meanwhile: Command[] = [];
  for (const { chain, rule } of sharedRules(forwarding)) {
    // This one tells how the host's iptables writes rules.
    const isTelling = chain === CHAIN.masquerade;
    (isTelling ? before : meanwhile).push([chain, ...rule]);
  }
  if (!tables.haveInFront('nat', before)) return false;
  const adding = tables.restoreInThread('nat', changes);
  let areThere = false;
  let isAdded = false;
  try {
    areThere = tables.haveInFront('nat', meanwhile);
  } finally {
    isAdded = await adding;
  }
  if (!isAdded || areThere) return isAdded;
  const added = { ...key, forwarding, others: options.others };
  if (tables.restore('nat', removeKnown(added, own.family) ?? [])) return false;
  throw new CniError(ErrorCode.internal, 'what all containers share is missing, and what was added is left');
}

/** Commands that fail, or print something else, when what all share is not there. */
function looks(forwarding: Forwarding): Command[] {
  const commands: Command[] = [];
  for (const { chain, rule } of sharedRules(forwarding)) {
    // Asked whether this rule is there, iptables would read the whole chain that it leads to.
    commands.push(rule === ENTRY_JUMP ? ['-S', chain] : ['-C', chain, ...rule]);
  }
  return commands;
}

function leadsToEntries(listing: string): boolean {
  const jump = `${ENTRY_JUMP.join(' ')}\n`;
  return listing.includes(`-A PREROUTING ${jump}`) && listing.includes(`-A OUTPUT ${jump}`);
}

function additions(key: RuleKey, forwarding: Forwarding, own: FamilyForwarding): Command[] {
  const commands: Command[] = [['-N', chainOf(key)]];
  for (const rule of containerRules(key, forwarding, own)) commands.push(['-A', ...rule]);
  for (const rule of entryRules(key, forwarding, own)) commands.push(['-A', ...rule]);
  return commands;
}

/** The chains of the plugin's own that all share. */
export function sharedChains({ snat, externalSetMarkChain }: Forwarding): readonly string[] {
  return snat && externalSetMarkChain === '' ? [CHAIN.setMark, CHAIN.masquerade, CHAIN.dnat] : [CHAIN.dnat];
}
