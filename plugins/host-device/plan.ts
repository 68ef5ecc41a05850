import { planLayer3 } from '../../pkg/attach/layer3.ts';
import { layer3Of } from '../../pkg/attach/leased.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { resultOf } from './result.ts';
import { type AddCall, attachmentOf, linkPlan, wantedOf } from './surroundings.ts';

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const wanted = wantedOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, 'host-device');
    const around = await attachmentOf({ call, wanted, netns, options });
    const { host, ipam } = around;
    const steps = linkPlan(around);
    const leased = ipam === '' ? undefined : await call.delegate.add({ type: ipam, config: call.configText });
    const layer3 = leased && layer3Of(leased);
    if (layer3 !== undefined && host !== undefined) planLayer3(steps, netns, call.ifName, layer3);
    return { result: resultOf(call, host, layer3), steps: stepsOf(steps) };
  });
}
