import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../../pkg/types/error.ts';
import { removeTap } from './remove.ts';
import type { TapConf } from './schema.ts';

/** Removes the devices that no valid attachment of this network has, and then the leases. */
export async function gc(call: GcCall<TapConf>): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const store = new RecordStore(recordFolder(call.environment));
  const failures: CniError[] = [];
  for (const record of store.stale('tap', network, validAttachments)) {
    try {
      await removeRecorded(call, record, store);
      const warning = store.remove(record);
      call.warn(`tap: ${warning ?? `removed what was left of ${record.containerId} (${record.ifName})`}`);
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

async function removeRecorded(call: GcCall<TapConf>, record: AttachmentRecord, store: RecordStore): Promise<void> {
  const { network, ifName, containerId } = record;
  const { records } = store.readForContainer(containerId);
  const options = await runOptions(call.environment, 'tap');
  try {
    await inContainer(record.netns.path, async (netns) => {
      // The path may be another container's by now; with the old namespace the device has gone.
      const { dev, ino } = netns.identity;
      if (String(dev) !== record.netns.dev || String(ino) !== record.netns.ino) return;
      await removeTap(netns, { ifName, records, network, options, warn: call.warn });
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}
