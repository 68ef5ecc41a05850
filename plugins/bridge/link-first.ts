import { giveBack } from '../../pkg/attach/release.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { type PlanRun, runPlan } from '../../pkg/plan/executor.ts';
import { RECORDED } from '../../pkg/record/recorded.ts';
import type { Result } from '../../pkg/types/result.ts';
import { announceAll, bridgeMacOf, note, type Work } from './add.ts';
import { CAPTURE, type NewAttachment, planAddressing } from './attach.ts';
import { addressingOf } from './gateways.ts';
import { resultOf } from './result.ts';
import { lookAtShared, outdatedAddresses } from './surroundings.ts';

/**
 * Has an address asked for through the link that the container has by now, and gives it that. Whatever fails, the
 * address is given back, also through the link, which is the caller's to take back after that.
 *
 * @param runs takes what was carried out, for the caller to take back
 */
export async function addressThroughLink(work: Work, attachment: NewAttachment, runs: PlanRun[]): Promise<Result> {
  const { call, settings } = work;
  const leased = await call.delegate.add({ type: settings.ipam, config: call.configText, environment: RECORDED });
  try {
    return await addressed(work, attachment, leased, runs);
  } catch (thrown) {
    await giveBack(call, settings.ipam, 'bridge');
    throw thrown;
  }
}

async function addressed(work: Work, made: NewAttachment, leased: Result, runs: PlanRun[]): Promise<Result> {
  const { call, settings, options, backend } = work;
  const addressing = addressingOf(leased, settings);
  const { bridge: found, gatewayLink } = await lookAtShared(work);
  const outdated = await outdatedAddresses(work, addressing, gatewayLink);
  const gatewayMac = gatewayLink?.address ?? made.gatewayMac;
  const ownPort = made.hostLink;
  const attachment: NewAttachment = { ...made, found, gatewayLink, gatewayMac, addressing, outdated, ownPort };
  note(work, attachment, backend);
  const run = await runPlan(await planAddressing(attachment, addressing), options);
  runs.push(run);
  const used = run.captures.get(CAPTURE.masquerade) as MasqueradeBackend | undefined;
  if (used !== backend) note(work, attachment, used);
  await announceAll(attachment);
  return resultOf(call, attachment, bridgeMacOf(attachment, run), leased);
}
