import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../../pkg/types/error.ts';
import { type Away, planRepair, planReturn } from './bring-back.ts';
import { notesOf } from './notes.ts';
import type { HostDeviceConf } from './schema.ts';

/** Takes back the devices that no valid attachment of this network has, and then the leases. */
export async function gc(call: GcCall<HostDeviceConf>): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const records = new RecordStore(recordFolder(call.environment));
  const failures: CniError[] = [];
  for (const record of records.stale('host-device', network, validAttachments)) {
    try {
      await takeBack(call, record, records);
      const warning = records.remove(record);
      call.warn(`host-device: ${warning ?? `took back what was left of ${record.containerId} (${record.ifName})`}`);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  const type = call.conf.ipam?.type ?? '';
  try {
    if (type !== '') await call.delegate.run({ type, verb: 'GC', config: call.configText });
  } catch (thrown) {
    failures.push(toCniError(thrown));
  }
  failTogether(failures);
}

async function takeBack(call: GcCall<HostDeviceConf>, record: AttachmentRecord, records: RecordStore): Promise<void> {
  const { network, containerId, ifName } = record;
  const notes = notesOf(record.data);
  if (notes.device === '') return;
  const others = records.readForContainer(containerId).records.filter((one) => one.ifName !== ifName);
  const options = await runOptions(call.environment, 'host-device');
  const away: Away = {
    name: { network, containerId, ifName },
    notes,
    configured: '',
    promisedMac: '',
    claimed: others.map((one) => one.ifName),
    options,
    warn: call.warn,
  };
  const run = async (plan: Plan | undefined) => {
    if (plan !== undefined) await runPlan(plan, options);
  };
  try {
    await inContainer(record.netns.path, async (netns) => {
      // The path may be another container's by now.
      const plan = isRecorded(netns, record) ? await planReturn(away, netns) : undefined;
      await run(plan ?? (await planRepair(away)));
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
    await run(await planRepair(away));
  }
}

function isRecorded({ identity }: Netns, { netns }: AttachmentRecord): boolean {
  return String(identity.dev) === netns.dev && String(identity.ino) === netns.ino;
}
