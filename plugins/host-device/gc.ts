import { type Collecting, collectRecorded } from '../../pkg/attach/gc.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isNetnsOf } from '../../pkg/record/store.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { type Away, planRepair, planReturn } from './bring-back.ts';
import { notesOf } from './notes.ts';
import type { HostDeviceConf } from './schema.ts';

/** Takes back the devices that no valid attachment of this network has, and then the leases. */
export function gc(call: GcCall<HostDeviceConf>): Promise<void> {
  const remove: Collecting['remove'] = (record) => takeBack(call, record);
  return collectRecorded(call, { plugin: 'host-device', done: 'took back', remove });
}

async function takeBack(call: GcCall<HostDeviceConf>, record: AttachmentRecord): Promise<void> {
  const notes = notesOf(record.data);
  if (notes.device === '') return;
  const { records: found } = call.records.readForContainer(record.containerId);
  const options = await runOptions(call.environment, 'host-device');
  const away: Away = {
    name: record,
    notes,
    configured: '',
    promisedMac: '',
    claimed: found.map(({ ifName }) => ifName).filter((ifName) => ifName !== record.ifName),
    options,
    warn: call.warn,
  };
  const run = async (plan: Plan | undefined) => {
    if (plan !== undefined) await runPlan(plan, options);
  };
  try {
    await inContainer(record.netns.path, async (netns) => {
      // The path may be another container's by now.
      const plan = isNetnsOf(record, netns.identity) ? await planReturn(away, netns) : undefined;
      await run(plan ?? (await planRepair(away)));
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
    await run(await planRepair(away));
  }
}
