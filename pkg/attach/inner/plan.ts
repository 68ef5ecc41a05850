import { inContainer } from '../../netns/container.ts';
import { runOptions } from '../../plan/options.ts';
import { stepsOf } from '../../plan/steps.ts';
import type { AttachmentCall, PlannedAdd } from '../../skel/plugin.ts';
import { hostLinkName, randomMac } from '../identity.ts';
import type { InnerKind } from './kind.ts';
import { findMaster } from './master.ts';
import { resultOf } from './result.ts';
import { type InnerLink, placeOfMaster, planLink, planUse } from './steps.ts';
import { refuseTaken } from './taken.ts';

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function planInner<Conf>(call: AttachmentCall<Conf>, kind: InnerKind<Conf>): Promise<PlannedAdd> {
  const settings = kind.settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, kind.name);
    await refuseTaken(call, kind.name, netns, options);
    const { ifname: master } = await findMaster(placeOfMaster(settings, netns), settings, options);
    const { ipam } = settings;
    const leased = ipam === '' ? undefined : await call.delegate.add({ type: ipam, config: call.configText });
    const name = { network: call.network, containerId: call.containerId, ifName: call.ifName };
    const mac = settings.mac ?? randomMac();
    const link: InnerLink = { kind: kind.name, name, netns, settings, master, temporary: hostLinkName(name) };
    const plan = planLink(link).append(await planUse(link, leased, options));
    return { result: resultOf(call, settings, mac, leased), steps: stepsOf(plan) };
  });
}
