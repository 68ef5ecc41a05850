import { AddTransaction } from '../../pkg/attach/add-transaction.ts';
import { layer3Of } from '../../pkg/attach/leased.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
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
