import { randomMac } from '../../pkg/attach/identity.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import { forgetAttachment, noteAttachment } from '../../pkg/record/attachment.ts';
import { tcForm } from '../../pkg/rtnl/tc/forms.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import { hostEnd } from './host-end.ts';
import type { BandwidthConf } from './schema.ts';
import { hostInterfaces, type Limits, limitsOf, notChained } from './settings.ts';
import { ifbName, shapingPlan, withIfb } from './shaping.ts';

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

/** The MTU of a pair that nobody has asked for another one. */
const ORDINARY_MTU = 1500;

/** What an ADD would do now. The pair is not there yet: it is the last of what the plugins before have on the host. */
export async function plan(call: BandwidthCall): Promise<PlannedAdd> {
  const { prevResult, ...limits } = readAdd(call);
  if (limits.ingress === undefined && limits.egress === undefined) return { result: prevResult, steps: [] };
  const veth = hostInterfaces(prevResult).at(-1) ?? '';
  const mtu = prevResult.interfaces?.find(({ name }) => name === call.ifName)?.mtu ?? ORDINARY_MTU;
  const shaping = { veth, mtu, ifb: ifbName(call.network, call.containerId), mac: randomMac() };
  return { result: withIfb(prevResult, limits, shaping), steps: stepsOf(shapingPlan(limits, shaping)) };
}

/** A call about an attachment. */
export type BandwidthCall = AttachmentCall<BandwidthConf>;

/** Reads the call of an ADD, or refuses it. */
export function readAdd({ conf, prevResult }: BandwidthCall): Limits & { readonly prevResult: Result } {
  const limits = limitsOf(conf);
  if (prevResult === undefined) throw notChained('must be called as chained plugin');
  return { ...limits, prevResult };
}
