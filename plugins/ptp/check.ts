import { endsOf, missingLayer3 } from '../../pkg/attach/check.ts';
import { forwardingSettings } from '../../pkg/attach/layer3.ts';
import { addressesOf, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { masqueradeDifferences } from '../../pkg/attach/pair/check.ts';
import { ip } from '../../pkg/ip/command.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { readTextFile } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { type PtpAddress, ptpAddressesOf } from './attach.ts';
import { type AddCall, settingsOf } from './settings.ts';

/** Fails with all that is not as ADD left it, and with nothing that others may change. */
export async function check(call: AddCall): Promise<void> {
  const { ipam } = settingsOf(call);
  await inContainer(call.netns, async (netns) => {
    await call.delegate.run({ type: ipam, verb: 'CHECK', config: call.configText });
    const options = await runOptions(call.environment, 'ptp');
    const [first, ...others] = await compare(call, netns, options);
    if (first === undefined) return;
    throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
  });
}

async function compare(call: AddCall, netns: Netns, options: RunOptions): Promise<readonly string[]> {
  const { result, index, promised, lines } = endsOf(call, 'ptp: ');
  if (promised === undefined) return lines;
  const { ifName } = call;
  const [container] = await lookAt([linkIn(netns, ifName)], options);
  if (container === undefined) return [`ptp: Container Interface name in prevResult: ${ifName} not found`];
  if (container.linkinfo?.info_kind !== 'veth') return [`Error: Container interface ${ifName} not of type veth/p2p`];
  const { mac } = promised;
  if (mac !== undefined && mac !== container.address) {
    lines.push(`ptp: Interface ${ifName} Mac ${mac} doesn't match container Mac: ${container.address}`);
  }
  if (!container.flags.includes('UP')) lines.push(`interface ${ifName} is down`);
  lines.push(...(await missingLayer3(netns, ifName, result, addressesOf(container), index, options)));
  const ips = ptpAddressesOf(result);
  lines.push(...(await hostDifferences(container, ips, options)));
  const { ipMasq, ipMasqBackend } = settingsOf(call);
  if (ipMasq) {
    const addresses = ips.map(({ address }) => address);
    lines.push(...(await masqueradeDifferences(call, 'ptp', addresses, ipMasqBackend)));
  }
  return lines;
}

/** The MAC of the host's end is not looked at: udev may have given it another one, and nobody minds. */
async function hostDifferences(
  { link_index: peer }: ShownLink,
  ips: readonly PtpAddress[],
  options: RunOptions,
): Promise<readonly string[]> {
  const [host] = peer === undefined ? [] : await lookAt([linkIn(ownNetns(), `if${peer}`)], options);
  if (host === undefined) return ["the host's end of the pair was not found"];
  const lines: string[] = [];
  if (!host.flags.includes('UP')) lines.push(`${host.ifname} on the host is down`);
  const present = addressesOf(host);
  const routes = await routesThrough(host.ifname, options);
  for (const { gateway, host: address, bits } of ips) {
    if (!present.includes(`${gateway}/${bits}`)) {
      lines.push(
        `${host.ifname} on the host lacks the gateway's address ${gateway}: it has ${present.join(', ') || 'none'}`,
      );
    }
    if (!routes.includes(address)) lines.push(`no route on the host leads to ${address} through ${host.ifname}`);
  }
  for (const setting of forwardingSettings(ips.map(({ gateway }) => gateway))) {
    if (readTextFile(`/proc/sys/${setting}`)?.trim() !== '1') lines.push(`forwarding is off: ${setting}`);
  }
  return lines;
}

async function routesThrough(link: string, options: RunOptions): Promise<readonly string[]> {
  const plan = new Plan()
    .host(ip`-4 route show table main`, { capture: '4', tolerate: ['ENOENT'] })
    .host(ip`-6 route show table main`, { capture: '6', tolerate: ['ENOENT', 'EOPNOTSUPP', 'EAFNOSUPPORT'] });
  const { captures } = await runPlan(plan, options);
  const found: string[] = [];
  for (const shown of [captures.get('4'), captures.get('6')]) {
    if (!Array.isArray(shown)) continue;
    for (const { dst, dev } of shown as readonly { dst: string; dev?: string }[]) if (dev === link) found.push(dst);
  }
  return found;
}
