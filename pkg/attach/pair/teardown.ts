import type { MasqueradeBackend } from '../../netfilter/backend-name.ts';
import { removeMasquerade } from '../../netfilter/masquerade.ts';
import { removeSpoofCheck } from '../../netfilter/spoof-check.ts';
import { ownNetns } from '../../netns/own.ts';
import { type RunOptions, runPlan } from '../../plan/executor.ts';
import { Plan } from '../../plan/plan.ts';
import { attachmentOf } from '../../types/attachment.ts';
import { removeVeth, type VethRemains } from './remove.ts';

/** What is known about an attachment that has to go. */
export interface Remains extends VethRemains {
  /** The container's addresses; `undefined` when they are not known. */
  readonly addresses: readonly string[] | undefined;
  /** Who may have made rules for it. */
  readonly masquerade: readonly MasqueradeBackend[];
  readonly spoofCheck: boolean;
}

/** What became of each part; one that is gone already counts as removed. */
export interface Teardown {
  /** Why the link is still there: its address must not be given to anybody else. */
  readonly linkFailure: unknown;
  readonly otherFailures: readonly unknown[];
  /** Why rules are still there though nothing failed, for people: their note must not be forgotten. */
  readonly left: readonly string[];
}

/** Takes a pair down, and its rules: everything but the address. Parts do not wait for each other, and one that fails stops none. */
export async function tearDown(remains: Remains, options: RunOptions, warn: (line: string) => void): Promise<Teardown> {
  const left: string[] = [];
  const rules = [
    failureOf(removeMasqueradeOf(remains, options, left)),
    failureOf(removeSpoofCheckOf(remains, options, left)),
  ];
  const linkFailure = await failureOf(removeVeth(remains, options, warn));
  const otherFailures = (await Promise.all(rules)).filter((failure) => failure !== undefined);
  return { linkFailure, otherFailures, left };
}

/** What something failed with; it is caught at once, whoever looks when. */
async function failureOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

async function removeMasqueradeOf(
  { name, addresses, masquerade }: Remains,
  options: RunOptions,
  left: string[],
): Promise<void> {
  if (masquerade.length === 0) return;
  const target = addresses === undefined ? name : { ...attachmentOf(name), addresses };
  const plan = new Plan().do(ownNetns(), removeMasquerade(target, masquerade), { failing: '', capture: 'missing' });
  const { captures } = await runPlan(plan, options);
  const missing = (captures.get('missing') ?? []) as readonly MasqueradeBackend[];
  for (const backend of missing) left.push(`${backend === 'nftables' ? 'nft' : backend} cannot be found`);
}

/** The reference goes on when this fails, and what is left filters nothing any more. */
async function removeSpoofCheckOf({ name, spoofCheck }: Remains, options: RunOptions, left: string[]): Promise<void> {
  if (!spoofCheck) return;
  try {
    const plan = new Plan().do(ownNetns(), removeSpoofCheck(name), { failing: '', capture: 'check' });
    if ((await runPlan(plan, options)).captures.get('check') === 'missing') left.push('nft cannot be found');
  } catch (thrown) {
    left.push(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
