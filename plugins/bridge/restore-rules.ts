import { addMasquerade } from '../../pkg/netfilter/masquerade.ts';
import { addSpoofCheck } from '../../pkg/netfilter/spoof-check.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RestoreContext } from '../../pkg/skel/plugin.ts';
import { notesOf } from './notes.ts';

/** Makes masquerade and spoof check of an attachment again. */
export async function restoreRules(record: AttachmentRecord, { environment }: RestoreContext): Promise<boolean> {
  const { addresses, masquerade, spoofCheck, hostLink, mac } = notesOf(record.data);
  const { network, containerId, ifName } = record;
  const plan = new Plan();
  for (const backend of addresses.length === 0 ? [] : masquerade) {
    const action = addMasquerade({ network, containerId, ifName, addresses }, backend, { mayExist: true });
    plan.do(ownNetns(), action, { failing: '' });
  }
  if (spoofCheck && mac !== '') {
    const action = addSpoofCheck({ containerId, ifName, hostLink, mac }, { mayExist: true });
    plan.do(ownNetns(), action, { failing: 'failed to setup spoof-check' });
  }
  if (plan.items.length === 0) return false;
  await runPlan(plan, await runOptions(environment, 'bridge'));
  return true;
}
