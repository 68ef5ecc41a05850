import { ownNetns } from '../../pkg/netns/own.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RestoreContext } from '../../pkg/skel/plugin.ts';
import { rulesBackend } from './choice.ts';
import { notesOf } from './notes.ts';
import { openAction } from './open.ts';

/** Opens the firewall for an attachment again. */
export async function restoreRules(record: AttachmentRecord, { environment }: RestoreContext): Promise<boolean> {
  const notes = notesOf(record.data);
  if (notes === undefined || notes.addresses.length === 0) return false;
  const separator = notes.backend === 'firewalld' ? rulesBackend(environment) : notes.backend;
  const action = openAction({ ...notes, separator, mayExist: true }, environment);
  await runPlan(new Plan().do(ownNetns(), action, { failing: '' }), await runOptions(environment, 'firewall'));
  return true;
}
