import { randomMac } from '../../pkg/attach/identity.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { forgetAttachment, noteAttachment } from '../../pkg/record/attachment.ts';
import { tcForm } from '../../pkg/rtnl/tc/forms.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import { hostEnd } from './host-end.ts';
import { ifbName } from './ifb-name.ts';
import { type BandwidthCall, readAdd } from './read-add.ts';
import { shapingPlan, withIfb } from './shaping.ts';

/** Keeps the container to its rates. Whatever fails, nothing of it stays. */
export async function add(call: BandwidthCall): Promise<Result> {
  const { prevResult, ...limits } = readAdd(call);
  // What runtimes have in every list, mostly with nothing in it.
  if (limits.ingress === undefined && limits.egress === undefined) return prevResult;
  return inContainer(call.netns, async (netns) => {
    const { network, containerId, ifName, environment } = call;
    const options = { ...(await runOptions(environment, 'bandwidth', tcForm)), signal: termination() };
    const { ifname: veth, mtu } = await hostEnd(netns, ifName, prevResult, options);
    const shaping = { veth, mtu, ifb: ifbName(network, containerId), mac: randomMac() };
    // All else goes with the pair.
    if (limits.egress !== undefined) noteAttachment(call, 'bandwidth', netns, { ifb: shaping.ifb });
    try {
      await runPlan(shapingPlan(limits, shaping), options);
    } catch (thrown) {
      if (limits.egress !== undefined) forgetAttachment(call, 'bandwidth');
      throw thrown;
    }
    return withIfb(prevResult, limits, shaping);
  });
}
