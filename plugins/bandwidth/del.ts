import { collectRecorded } from '../../pkg/attach/gc.ts';
import { ip } from '../../pkg/ip/command.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import type { BandwidthCall } from './add.ts';
import type { BandwidthConf } from './schema.ts';
import { ifbName } from './shaping.ts';

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

/** Removes the links of what no valid attachment of this network has. */
export async function gc(call: GcCall<BandwidthConf>): Promise<void> {
  const options = await runOptions(call.environment, 'bandwidth');
  await collectRecorded(
    { ...call, conf: {} },
    {
      plugin: 'bandwidth',
      done: 'removed',
      async remove({ data }) {
        if (typeof data['ifb'] === 'string') await removeIfb(data['ifb'], options);
      },
    },
  );
}

/** Removes a link of the host; one that is gone is fine. */
async function removeIfb(ifb: string, options: RunOptions): Promise<void> {
  const plan = new Plan().host(ip`link del dev ${ifb}`, { tolerate: ['ENODEV'], failing: `failed to delete "${ifb}"` });
  await runPlan(plan, options);
}
