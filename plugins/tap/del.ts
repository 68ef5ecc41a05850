import { releaseAddresses } from '../../pkg/attach/release.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { failTogether, toCniError } from '../../pkg/types/error.ts';
import { notesOf } from './notes.ts';
import { removeTap } from './remove.ts';
import type { TapConf } from './schema.ts';

/** Removes the device, and then, when nobody can use it any more, releases the address. */
export async function del(call: AttachmentCall<TapConf>): Promise<void> {
  const { network, containerId, ifName, warn } = call;
  const { records, warnings } = call.records.readForContainer(containerId);
  for (const warning of warnings) warn(`tap: ${warning}`);
  const options = await runOptions(call.environment, 'tap');
  if (call.netns !== '') {
    try {
      await inContainer(call.netns, (netns) => removeTap(netns, { ifName, records, network, options, warn }));
    } catch (thrown) {
      if (!isNetnsGone(thrown)) throw thrown;
    }
  }
  let ipam: ReturnType<typeof notesOf>['ipam'];
  for (const record of records) {
    if (record.plugin === 'tap' && record.network === network && record.ifName === ifName) {
      ({ ipam } = notesOf(record.data));
    }
  }
  failTogether((await releaseAddresses(call, ipam)).map(toCniError));
  forgetAttachment(call, 'tap');
}
