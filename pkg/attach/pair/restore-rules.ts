import { addMasquerade } from '../../netfilter/masquerade.ts';
import { addSpoofCheck } from '../../netfilter/spoof-check.ts';
import { ownNetns } from '../../netns/own.ts';
import { runPlan } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import { Plan } from '../../plan/plan.ts';
import type { AttachmentRecord } from '../../record/record.ts';
import type { Environment } from '../../skel/plugin.ts';
import { attachmentOf } from '../../types/attachment.ts';
import { pairNotesOf } from './notes.ts';

/** Makes masquerade and spoof check of an attachment again. */
export async function restoreRules(record: AttachmentRecord, environment: Environment): Promise<boolean> {
  const { addresses, masquerade, spoofCheck, hostLink, mac } = pairNotesOf(record.data);
  const attachment = attachmentOf(record);
  const plan = new Plan();
  for (const backend of addresses.length === 0 ? [] : masquerade) {
    const action = addMasquerade({ ...attachment, addresses }, backend, { mayExist: true });
    plan.do(ownNetns(), action, { failing: '' });
  }
  if (spoofCheck && mac !== '') {
    const action = addSpoofCheck({ ...attachment, hostLink, mac }, { mayExist: true });
    plan.do(ownNetns(), action, { failing: 'failed to setup spoof-check' });
  }
  if (plan.items.length === 0) return false;
  await runPlan(plan, await runOptions(environment, record.plugin));
  return true;
}
