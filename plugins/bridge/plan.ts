import { hostLinkName, randomMac } from '../../pkg/attach/identity.ts';
import { likelyBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { mldReportFor, type NewAttachment, planAttachment } from './attach.ts';
import { addressingOf } from './gateways.ts';
import { resultOf } from './result.ts';
import { settingsOf } from './settings.ts';
import { type AddCall, type Looking, lookAround, outdatedAddresses } from './surroundings.ts';
import { bridgeOptions } from './vlans.ts';

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const given = settingsOf(call);
  const settings = { ...given, ipMasqBackend: given.ipMasqBackend ?? likelyBackend(call.environment) };
  return inContainer(call.netns, async (netns) => {
    const options = await bridgeOptions(call.environment, settings);
    const looking: Looking = { call, settings, netns, options };
    const { bridge: found, gatewayLink } = await lookAround(looking);
    const leased =
      settings.ipam === '' ? undefined : await call.delegate.add({ type: settings.ipam, config: call.configText });
    const addressing = leased && addressingOf(leased, settings);
    const mac = settings.mac ?? randomMac();
    const attachment: NewAttachment = {
      settings,
      found,
      lock: undefined,
      options,
      name: call,
      netns,
      hostLink: hostLinkName(call),
      hostMac: randomMac(),
      mac,
      gatewayMac: gatewayLink?.address ?? randomMac(),
      addressing,
      gatewayLink,
      outdated: await outdatedAddresses(looking, addressing, gatewayLink),
      mayHaveRules: false,
      ahead: undefined,
      mldReport: mldReportFor(call.records, settings, call.ifName, mac),
    };
    return {
      // The kernel makes up the MAC of a new bridge.
      result: resultOf(call, attachment, found?.address, leased),
      steps: stepsOf(await planAttachment(attachment)),
    };
  });
}
