import { addInSteps } from '../../pkg/attach/in-steps.ts';
import { rawIpamOf } from '../../pkg/attach/release.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { noteAttachment } from '../../pkg/record/attachment.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { TapNotes } from './notes.ts';
import { settingsOf } from './settings.ts';
import { type AddCall, type NewTap, newTap, planAddresses, planTap, resultOf } from './tap-link.ts';

/** Makes the device in the container. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const settings = settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, 'tap')), signal: termination() };
    const tap = await newTap(call, settings, netns, options);
    note(tap);
    const layer3 = await addInSteps({
      call,
      plugin: 'tap',
      link: planTap(tap),
      ipam: settings.ipam,
      layer3: (leased) => planAddresses(tap, leased),
      options,
    });
    return resultOf(tap, layer3);
  });
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function note({ call, netns, mac }: NewTap): void {
  const ipam = rawIpamOf(call.rawConf);
  const notes: TapNotes = { mac, ...(ipam === undefined ? {} : { ipam }) };
  noteAttachment(call, 'tap', netns, notes);
}
