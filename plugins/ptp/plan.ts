import { hostLinkName, randomMac } from '../../pkg/attach/identity.ts';
import { refuseTaken } from '../../pkg/attach/pair/veth.ts';
import { likelyBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { type NewAttachment, planAttachment, ptpAddressesOf, resultOf } from './attach.ts';
import { type AddCall, settingsOf } from './settings.ts';

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const given = settingsOf(call);
  const settings = { ...given, ipMasqBackend: given.ipMasqBackend ?? likelyBackend(call.environment) };
  return inContainer(call.netns, async (netns) => {
    await refuseTaken(call, netns, await runOptions(call.environment, 'ptp'));
    const leased = await call.delegate.add({ type: settings.ipam, config: call.configText });
    const attachment: NewAttachment = {
      settings,
      name: call,
      netns,
      hostLink: hostLinkName(call),
      hostMac: randomMac(),
      mac: randomMac(),
      ips: ptpAddressesOf(leased),
      routes: leased.routes ?? [],
      mayHaveRules: false,
      ahead: undefined,
    };
    return { result: resultOf(call, attachment, leased), steps: stepsOf(await planAttachment(attachment)) };
  });
}
