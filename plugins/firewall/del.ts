import { isMissing } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import type { AttachmentCall, Call } from '../../pkg/skel/plugin.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import { toCniError } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { chosenBackend } from './choice.ts';
import { hasOpened, heirOf, openingsOf } from './given-on.ts';
import { type FirewallNotes, notesOf } from './notes.ts';
import { closeAction } from './open.ts';
import { restoreRules } from './restore-rules.ts';
import type { FirewallConf } from './schema.ts';
import { addressesOf, settingsOf } from './settings.ts';

type DelCall = AttachmentCall<FirewallConf>;

/** Closes the firewall for the container's addresses, as far as anything is known of them. */
export async function del(call: DelCall): Promise<void> {
  const record = call.records.find(call, 'firewall');
  const notes = (record && notesOf(record.data)) ?? (await derived(call));
  // What is left can still be found by its note, when the program is there again.
  const isClosed = notes === undefined || (await close(call, notes, call));
  if (!isClosed && record !== undefined) return;
  forgetAttachment(call, 'firewall');
}

/**
 * Removes what lets an attachment's packets pass; `false`, and a word about it, when a program is missing that it
 * takes.
 *
 * A DEL may come late, or after others did the work of the first: an address that another container has opened the
 * firewall for by now stays open.
 */
export async function close(call: Call<FirewallConf>, notes: FirewallNotes, owner: Attachment): Promise<boolean> {
  const heirs: string[] = [];
  const addresses = notes.addresses.filter((address) => {
    const heir = heirOf(address, owner);
    if (heir === undefined) return true;
    if (hasOpened(heir, call.records)) return false;
    heirs.push(heir);
    return true;
  });
  const plan = new Plan().do(ownNetns(), closeAction({ ...notes, addresses }, call.environment), { failing: '' });
  try {
    await runPlan(plan, await runOptions(call.environment, 'firewall'));
  } catch (thrown) {
    if (!(thrown instanceof Error) || !isMissing(thrown.cause)) throw thrown;
    call.warn(`firewall: ${toCniError(thrown)}; its rules are left, and DEL again or GC removes them`);
    return false;
  }
  // One that was about to open it may have done so in between.
  for (const record of heirs.flatMap((heir) => openingsOf(heir, call.records))) {
    await restoreRules(record, call);
  }
  return true;
}

/** Without a record, as for containers of the reference, the previous result tells. */
async function derived(call: DelCall): Promise<FirewallNotes | undefined> {
  const addresses = addressesOf(previousResult(call));
  if (addresses.length === 0) return undefined;
  const { backend, zone, adminChain } = settingsOf(call.conf, call.warn);
  return { backend: await chosenBackend(backend, call.environment), zone, addresses, adminChain };
}

/** One that cannot be read is as good as none. */
function previousResult(call: DelCall): Result | undefined {
  try {
    return call.prevResult;
  } catch (thrown) {
    call.warn(`firewall: ${toCniError(thrown)}`);
    return undefined;
  }
}
