import { AddTransaction } from '../../pkg/attach/add-transaction.ts';
import { layer3Of } from '../../pkg/attach/layer3.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { TapNotes } from './notes.ts';
import { settingsOf } from './settings.ts';
import { type AddCall, newTap, planAddresses, planTap, resultOf } from './tap-link.ts';

/** Makes the device in the container. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const settings = settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, 'tap')), signal: termination() };
    const tap = await newTap(call, settings, netns, options);
    const transaction = new AddTransaction({ call, plugin: 'tap', netns, options });
    return transaction.complete(async () => {
      transaction.note({ mac: tap.mac } satisfies TapNotes);
      await transaction.run(planTap(tap));
      if (settings.ipam === '') return resultOf(tap, undefined);
      const layer3 = layer3Of(await transaction.lease(settings.ipam));
      await transaction.run(planAddresses(tap, layer3));
      return resultOf(tap, layer3);
    });
  });
}

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const settings = settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const tap = await newTap(call, settings, netns, await runOptions(call.environment, 'tap'));
    const { ipam } = settings;
    const leased = ipam === '' ? undefined : await call.delegate.add({ type: ipam, config: call.configText });
    const layer3 = leased && layer3Of(leased);
    const steps = planTap(tap);
    if (layer3 !== undefined) steps.append(planAddresses(tap, layer3));
    return { result: resultOf(tap, layer3), steps: stepsOf(steps) };
  });
}
