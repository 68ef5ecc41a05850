import type { Family } from '../../pkg/addr/address.ts';
import {
  FilterError,
  isMissing,
  missingProgram,
  retryOnConflict,
  runFilter,
  type Site,
} from '../../pkg/netfilter/program.ts';
import { type Command, IPTABLES, natively, restore, restoreLine, restoreText } from '../../pkg/netfilter/restore.ts';
import { allOf } from '../../pkg/netfilter/together.ts';
import { lockFolder as lockOf } from '../../pkg/sys/files/lock.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { CHAIN, containerRules, listedRule, type SharedRule, sharedCommand, sharedWords } from './rules.ts';
import type { HostAddress } from './settings.ts';

/** What is added. */
export interface Addition {
  readonly addresses: readonly HostAddress[];
  readonly shared: readonly SharedRule[];
  /** Whether only what all share is added, in the families of the addresses. */
  readonly onlyShared?: boolean;
  /** Whether an earlier ADD may have left rules: then the table is looked at first. */
  readonly mayExist: boolean;
  /** Where those wait for each other who find that something is missing. */
  readonly lockFolder: string;
}

/** How long others may be looking and adding. */
const PATIENCE_MS = 30_000;

/** Adds what all share where it is missing, and the containers' rules: in one transaction for each family. */
export async function addIptables(site: Site, addition: Addition): Promise<void> {
  const running: Promise<void>[] = [];
  for (const [family, addresses] of byFamily(addition.addresses)) {
    const own = addition.onlyShared === true ? [] : addresses;
    running.push(addFamily(site, family, { ...addition, addresses: own }));
  }
  await allOf(running);
}

/** Removes the containers' rules, also where there are several of the same; what is not there is fine. */
export async function removeIptables(site: Site, addresses: readonly HostAddress[]): Promise<void> {
  const running: Promise<void>[] = [];
  for (const [family, own] of byFamily(addresses)) running.push(removeFamily(site, family, own));
  await allOf(running);
}

function byFamily(addresses: readonly HostAddress[]): ReadonlyMap<Family, readonly HostAddress[]> {
  const families = new Map<Family, HostAddress[]>();
  for (const address of addresses) {
    const known = families.get(address.family);
    if (known === undefined) families.set(address.family, [address]);
    else known.push(address);
  }
  return families;
}

async function addFamily(site: Site, family: Family, addition: Addition): Promise<void> {
  const { addresses, shared, mayExist, lockFolder } = addition;
  try {
    const added = mayExist ? 'nothing' : await addUnseen(site, family, addresses, shared);
    if (added === 'all') return;
    // Two who find the same missing would both add it.
    const lock = await lockOf(lockFolder, 0o700, PATIENCE_MS, 'the firewall');
    try {
      await retryOnConflict(site, () => addSeen(site, family, added === 'own' ? [] : addresses, shared));
    } finally {
      lock.release();
    }
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    const { code, message, details } = missingProgram(IPTABLES[family], thrown);
    const text = `could not initialize iptables protocol ${family === 4 ? 0 : 1}: ${message}`;
    throw new CniError(code, text, details, { cause: thrown });
  }
}

/** It is taken for granted that what all share is there; what it was like is looked at in the same run. */
async function addUnseen(
  site: Site,
  family: Family,
  addresses: readonly HostAddress[],
  shared: readonly SharedRule[],
): Promise<'all' | 'own' | 'nothing'> {
  const present: Command[] = [];
  for (const rule of shared) present.push(sharedWords(rule));
  const isDone = await natively(site, family, (tables) => {
    return tables.haveInFront('filter', present) && tables.restore('filter', commandsFor(addresses, '-A'));
  });
  if (isDone === true) return 'all';
  // Looking and changing are apart: together iptables would read all rules before it changes anything.
  const text = restoreText(looks(shared), 'filter') + restoreText(commandsFor(addresses, '-A'), 'filter');
  try {
    const listing = await restore(site, family, text);
    for (const rule of shared) if (!listing.includes(listedRule(rule))) return 'own';
    return 'all';
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.timedOut || thrown.code === ErrorCode.tryAgain) throw thrown;
    return 'nothing';
  }
}

/** Of the chain with the containers' rules only the beginning counts. */
function looks(shared: readonly SharedRule[]): Command[] {
  const commands: Command[] = [];
  const seen: string[] = [];
  for (const { chain } of shared) {
    if (seen.includes(chain)) continue;
    seen.push(chain);
    commands.push(chain === CHAIN.forward ? ['-S', chain, '1'] : ['-S', chain]);
  }
  return commands;
}

async function addSeen(
  site: Site,
  family: Family,
  addresses: readonly HostAddress[],
  shared: readonly SharedRule[],
): Promise<void> {
  const table = await runFilter(site, [`${IPTABLES[family]}-save`, '-t', 'filter']);
  const commands: Command[] = [];
  for (const { chain, target } of shared) {
    for (const name of [chain, target]) {
      const isThere = isBuiltIn(name) || table.includes(`\n:${name} `) || commands.some(([, made]) => made === name);
      if (!isThere) commands.push(['-N', name]);
    }
  }
  for (const rule of shared) if (!table.includes(`\n${listedRule(rule)}`)) commands.push(sharedCommand(rule));
  for (const command of commandsFor(addresses, '-A')) {
    if (!table.includes(`\n${restoreLine(command)}\n`)) commands.push(command);
  }
  if (commands.length > 0) await restore(site, family, restoreText(commands, 'filter'));
}

/** Whether a chain or target is of the kernel. */
export function isBuiltIn(name: string): boolean {
  return name === 'FORWARD' || name === 'DROP' || name === 'RETURN';
}

function commandsFor(addresses: readonly HostAddress[], verb: '-A' | '-C' | '-D'): Command[] {
  const commands: Command[] = [];
  for (const address of addresses) for (const rule of containerRules(address)) commands.push([verb, ...rule]);
  return commands;
}

async function removeFamily(site: Site, family: Family, addresses: readonly HostAddress[]): Promise<void> {
  const removals = commandsFor(addresses, '-D');
  if ((await natively(site, family, (tables) => tables.removeAll('filter', removals))) === true) return;
  if (addresses.length === 1 && (await removeOnce(site, family, removals))) return;
  await retryOnConflict(site, async () => {
    const table = await runFilter(site, [`${IPTABLES[family]}-save`, '-t', 'filter']);
    const found: Command[] = [];
    for (const line of table.split('\n')) {
      for (const command of removals) if (line === `-A ${restoreLine(command.slice(1))}`) found.push(command);
    }
    if (found.length > 0) await restore(site, family, restoreText(found, 'filter'));
  });
}

/** Removes each rule once, and then asks for the last: only when that is gone nothing of them was there twice. */
async function removeOnce(site: Site, family: Family, removals: readonly Command[]): Promise<boolean> {
  const asked = ['-C', ...(removals.at(-1) ?? []).slice(1)];
  const before = restoreText(removals, 'filter');
  try {
    await restore(site, family, before + restoreText([asked], 'filter'));
    return false;
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.timedOut || thrown.code === ErrorCode.tryAgain) throw thrown;
    // The first line behind the head of the second transaction.
    const line = before.split('\n').length + 1;
    return thrown.stderr.includes(`line ${line} failed`);
  }
}
