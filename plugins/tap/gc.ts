import { type Collecting, collectRecorded } from '../../pkg/attach/gc.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isNetnsOf } from '../../pkg/record/store.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { removeTap } from './remove.ts';
import type { TapConf } from './schema.ts';

/** Removes the devices that no valid attachment of this network has, and then the leases. */
export function gc(call: GcCall<TapConf>): Promise<void> {
  const remove: Collecting['remove'] = (record) => removeRecorded(call, record);
  return collectRecorded(call, { plugin: 'tap', done: 'removed', remove });
}

async function removeRecorded(call: GcCall<TapConf>, record: AttachmentRecord): Promise<void> {
  const { network, ifName, containerId } = record;
  const { records } = call.records.readForContainer(containerId);
  const options = await runOptions(call.environment, 'tap');
  try {
    await inContainer(record.netns.path, async (netns) => {
      // The path may be another container's by now; with the old namespace the device has gone.
      if (!isNetnsOf(record, netns.identity)) return;
      await removeTap(netns, { ifName, records, network, options, warn: call.warn });
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}
