import { ownNetns } from '../../pkg/netns/own.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RestoreContext } from '../../pkg/skel/plugin.ts';
import { addForwarding } from './forward.ts';
import { Localnet } from './localnet.ts';
import { notesOf, othersIn, targetOf } from './notes.ts';

/** Makes an attachment's mappings again, in the backend that had them. */
export async function restoreRules(record: AttachmentRecord, context: RestoreContext): Promise<boolean> {
  const { environment, records, warn } = context;
  const { backends, forwarding } = notesOf(record.data);
  const [backend, other] = backends;
  if (forwarding === undefined || backend === undefined) return false;
  const { network, containerId } = record;
  const known = records.readForContainer(containerId).records;
  // A note that names both was never finished.
  const used = other === undefined ? backend : undefined;
  // What is still there goes in the same transaction, so that nothing is there twice.
  const former = { evicted: [targetOf(record, known)], others: othersIn(known, record) };
  const action = addForwarding({ network, containerId }, forwarding, used, former);
  const options = await runOptions(environment, 'portmap');
  await runPlan(new Plan().do(ownNetns(), action, { failing: '' }), options);
  await new Localnet(environment, options, warn).restoreGuard();
  return true;
}
