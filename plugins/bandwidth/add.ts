import { randomMac } from '../../pkg/attach/identity.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import { tcForm } from '../../pkg/rtnl/tc-forms.ts';
import { termination } from '../../pkg/sys/termination.ts';
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
    if (limits.egress !== undefined) note(call, netns, shaping.ifb);
    try {
      await runPlan(shapingPlan(limits, shaping), options);
    } catch (thrown) {
      if (limits.egress !== undefined) forget(call);
      throw thrown;
    }
    return withIfb(prevResult, limits, shaping);
  });
}

function note(call: BandwidthCall, netns: Netns, ifb: string): void {
  const { network, containerId, ifName, args, environment } = call;
  const records = new RecordStore(recordFolder(environment));
  const key = { network, containerId, ifName, plugin: 'bandwidth' };
  const warning = records.write({ ...key, netns, cniArgs: args, data: { ifb } });
  if (warning !== undefined) call.warn(`bandwidth: ${warning}`);
}

function forget(call: BandwidthCall): void {
  const { network, containerId, ifName, environment } = call;
  const records = new RecordStore(recordFolder(environment));
  const warning = records.remove({ network, containerId, ifName, plugin: 'bandwidth' });
  if (warning !== undefined) call.warn(`bandwidth: ${warning}`);
}
