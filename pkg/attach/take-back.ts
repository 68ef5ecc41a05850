import type { PlanRun } from '../plan/executor.ts';
import { PlanError } from '../plan/plan-error.ts';
import { forgetAttachment } from '../record/attachment.ts';
import type { AttachmentCall } from '../skel/plugin.ts';
import { giveBack, isReleasedThroughLink } from './release.ts';

/** What an ADD that failed had done. */
export interface FailedAdd {
  readonly call: AttachmentCall<unknown>;
  readonly plugin: string;
  /** The plans that came to their end, in this order. */
  readonly runs: readonly PlanRun[];
  /** The IPAM plugin that gave an address, when that is to be given back here. */
  readonly leasedFrom?: string | undefined;
}

/**
 * Takes back what an ADD that failed had done, and forgets the attachment, unless something stays: then DEL and GC find
 * it by the record. The address goes when nobody has it any more, but for one that goes back through the link.
 *
 * @param thrown what it failed with; of a plan that took itself back it says what could not be
 */
export async function takeBack({ call, plugin, runs, leasedFrom }: FailedAdd, thrown: unknown): Promise<void> {
  const isReleasedFirst = isReleasedThroughLink(call, undefined);
  if (leasedFrom !== undefined && isReleasedFirst) await giveBack(call, leasedFrom, plugin);
  let staysNothing = leftoversIn(thrown).length === 0;
  for (const run of [...runs].reverse()) {
    for (const leftover of await run.undo()) {
      call.warn(`${plugin}: could not be undone: ${leftover}`);
      staysNothing = false;
    }
  }
  if (leasedFrom !== undefined && !isReleasedFirst) await giveBack(call, leasedFrom, plugin);
  if (staysNothing) forgetAttachment(call, plugin);
}

/** What a plan that failed could not take back. */
export function leftoversIn(thrown: unknown): readonly string[] {
  return thrown instanceof PlanError ? thrown.leftovers : [];
}
