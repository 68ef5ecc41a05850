import { inContainer } from '../../netns/container.ts';
import { runOptions } from '../../plan/options.ts';
import { stepsOf } from '../../plan/steps.ts';
import type { AttachmentCall, PlannedAdd } from '../../skel/plugin.ts';
import { randomMac } from '../identity.ts';
import type { InnerKind } from './kind.ts';
import { lookAround } from './look.ts';
import { resultOf } from './result.ts';
import { planLink, planUse } from './steps.ts';

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function planInner<Conf>(call: AttachmentCall<Conf>, kind: InnerKind<Conf>): Promise<PlannedAdd> {
  const settings = kind.settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, kind.name);
    const { link, master } = await lookAround(call, kind, settings, netns, options);
    const { ipam, given } = settings;
    const leased = ipam === '' ? given : await call.delegate.add({ type: ipam, config: call.configText });
    const mac = settings.mac ?? (kind.sharesMac ? master?.address : randomMac());
    const plan = planLink(link).append(await planUse(link, leased, options));
    return { result: resultOf(call, settings, mac, leased), steps: stepsOf(plan) };
  });
}
