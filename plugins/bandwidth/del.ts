import { runOptions } from '../../pkg/plan/options.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import { ifbName } from './ifb-name.ts';
import type { BandwidthCall } from './read-add.ts';
import { removeIfb } from './remove-ifb.ts';

/** Removes the link that the container's packets went through; what is at its pair goes with that. */
export async function del(call: BandwidthCall): Promise<void> {
  const { network, containerId, ifName } = call;
  const ours = call.records.readForContainer(containerId).records.filter((record) => {
    return record.plugin === 'bandwidth' && record.network === network;
  });
  // Two interfaces in one network have one name for it: the second ADD failed, and this is its DEL.
  const isOthers = ours.length > 0 && !ours.some((record) => record.ifName === ifName);
  if (isOthers) return;
  await removeIfb(ifbName(network, containerId), await runOptions(call.environment, 'bandwidth'));
  forgetAttachment(call, 'bandwidth');
}
