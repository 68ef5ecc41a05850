import type { Family } from '../../pkg/addr/address.ts';
import { Site } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { onlyFilterPrograms } from '../../pkg/plan/options.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import { chosenBackend, rulesBackend } from './choice.ts';
import { missingSources } from './firewalld.ts';
import { missingIptables } from './missing-iptables.ts';
import { missingNft } from './nftables.ts';
import { policyRules, sharedRules } from './rules.ts';
import type { FirewallConf } from './schema.ts';
import { addressesOf, bridgeOf, settingsOf } from './settings.ts';

const TIMEOUT_MS = 30_000;

/** Fails with everything that keeps the container's packets from passing, or lets others pass. */
export async function check(call: AttachmentCall<FirewallConf>): Promise<void> {
  const { policy, backend: configured, zone, adminChain } = settingsOf(call.conf, call.warn);
  const result = call.prevResult;
  if (result === undefined) throw missingPrevResult();
  const addresses = addressesOf(result);
  if (addresses.length === 0) return;
  const separation = policy === undefined ? undefined : { policy, bridge: bridgeOf(result, policy) };
  const backend = await chosenBackend(configured, call.environment);
  const needsPrograms = onlyFilterPrograms(call.environment);
  const site = new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS, onlyFilterPrograms: needsPrograms });
  const differences: string[] = [];
  if (backend === 'firewalld') {
    differences.push(...(await missingSources(call.environment, zone, addresses)));
  }
  const apart = separation === undefined ? [] : policyRules(separation.policy, separation.bridge);
  const separator = backend === 'firewalld' ? rulesBackend(call.environment) : backend;
  const own = backend === 'firewalld' ? [] : addresses;
  if (separator === 'nftables' && (own.length > 0 || separation !== undefined)) {
    differences.push(...(await missingNft(site, own, separation)));
  } else if (separator === 'iptables') {
    const shared = backend === 'iptables' ? [...sharedRules(adminChain), ...apart] : apart;
    const families = new Set<Family>();
    for (const { family } of addresses) families.add(family);
    if (shared.length > 0) differences.push(...(await missingIptables(site, families, own, shared)));
  }
  const [first, ...others] = differences;
  if (first === undefined) return;
  throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
}
