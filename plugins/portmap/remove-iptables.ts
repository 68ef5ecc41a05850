import type { Family } from '../../pkg/addr/address.ts';
import { FilterError, type Site } from '../../pkg/netfilter/program.ts';
import { type Command, restore, restoreText } from '../../pkg/netfilter/restore.ts';
import { allOf } from '../../pkg/netfilter/together.ts';
import { ErrorCode } from '../../pkg/types/error.ts';
import { familiesIn } from './forwarding.ts';
import { removeFound } from './found-iptables.ts';
import { chainOf, entryRules } from './rules-iptables.ts';
import { sharersOf, type Target } from './target.ts';

const FAMILIES = [4, 6] as const;

/** What the rules of an attachment follow from. */
type Known = Pick<Target, 'network' | 'containerId' | 'forwarding' | 'others'>;

/**
 * Removes an attachment's rules in both families; what is not there is fine. One family's failure keeps the other from
 * nothing.
 *
 * @throws {ProgramError} when iptables is not installed
 */
export async function removeIptables(site: Site, target: Target): Promise<void> {
  const { forwarding } = target;
  const running: Promise<void>[] = [];
  for (const family of FAMILIES) {
    if (forwarding === undefined || isIn(forwarding, family)) running.push(removeFamily(site, target, family));
  }
  await allOf(running);
}

/** The commands that remove exactly what ADD made in a family; `undefined` when that is not known, or is not all its own. */
export function removeKnown(target: Known, family: Family): readonly Command[] | undefined {
  const { forwarding } = target;
  if (forwarding === undefined || sharersOf(target).length > 0) return undefined;
  const chain = chainOf(target);
  const commands: Command[] = [];
  for (const own of familiesIn(forwarding)) {
    if (own.family !== family) continue;
    for (const rule of entryRules(target, forwarding, own)) commands.push(['-D', ...rule]);
    commands.push(['-F', chain], ['-X', chain]);
  }
  return commands;
}

function isIn(forwarding: NonNullable<Target['forwarding']>, family: Family): boolean {
  for (const own of familiesIn(forwarding)) if (own.family === family) return true;
  return false;
}

async function removeFamily(site: Site, target: Target, family: Family): Promise<void> {
  const known = removeKnown(target, family);
  if (known !== undefined) {
    try {
      await restore(site, family, restoreText(known));
      return;
    } catch (thrown) {
      if (!(thrown instanceof FilterError) || thrown.timedOut || thrown.code === ErrorCode.tryAgain) throw thrown;
    }
  }
  await removeFound(site, target, family);
}
