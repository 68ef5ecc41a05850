import { lookAt, type ShownLink, type Wanted } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { hostInterfaces } from './settings.ts';

/** Finds the host's end of the container's veth pair among the interfaces of a result. */
export async function hostEnd(
  netns: Netns,
  ifName: string,
  prevResult: Result,
  options: RunOptions,
): Promise<ShownLink> {
  const names = hostInterfaces(prevResult);
  const wanted: Wanted[] = [{ place: netns, command: ip`-d link show dev ${ifName}` }];
  for (const name of names) wanted.push({ place: ownNetns(), command: ip`-d link show dev ${name}` });
  const [inner, ...outer] = await lookAt(wanted, options);
  if (inner === undefined) throw noPeer(ifName, `could not look up ${JSON.stringify(ifName)}: Link not found`);
  const kind = inner.linkinfo?.info_kind ?? 'device';
  if (kind !== 'veth') {
    throw noPeer(ifName, `interface ${JSON.stringify(ifName)} was not a veth interface`, `it is a ${kind}`);
  }
  for (const link of outer) {
    // The number of a link is its own only within a namespace, so both ends have to name each other.
    const isPair = link?.ifindex === inner.link_index && link?.link_index === inner.ifindex;
    if (link !== undefined && isPair && link.linkinfo?.info_kind === 'veth') return link;
  }
  throw await notFound(inner, names, options);
}

function noPeer(ifName: string, why: string, details = ''): CniError {
  return new CniError(ErrorCode.internal, `container interface ${ifName} has no veth peer: ${why}`, details);
}

/** Whether the other end is somewhere on the host at all is asked only when it matters. */
async function notFound(
  { link_index: index }: ShownLink,
  names: readonly string[],
  options: RunOptions,
): Promise<CniError> {
  const plan = new Plan().do(ownNetns(), ipAction(ip`link show`), { capture: 'all' });
  const shown = (await runPlan(plan, options)).captures.get('all');
  const found = (Array.isArray(shown) ? (shown as readonly ShownLink[]) : []).find(({ ifindex }) => ifindex === index);
  const details = `interfaces of the host in the "prevResult": ${names.join(', ') || 'none'}`;
  if (index === undefined || found === undefined) {
    const where = index === undefined ? 'veth peer' : `veth peer with index ${index}`;
    return new CniError(ErrorCode.internal, `${where} is not in host ns`, details);
  }
  const message = 'no veth peer of container interface found in host ns';
  return new CniError(ErrorCode.internal, message, `${details}; the peer has the index ${index}: ${found.ifname}`);
}
