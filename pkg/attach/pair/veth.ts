import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import type { RunOptions } from '../../plan/executor.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import { hostLinkName } from '../identity.ts';
import { addressesOf, linkIn, lookAt } from '../links.ts';

/** A pair of links, one end on the host and one in a container. */
interface VethPair {
  readonly hostLink: string;
  readonly hostMac: string;
  readonly ifName: string;
  readonly mac: string;
  /** 0: the kernel's choice. */
  readonly mtu: number;
  readonly netns: Netns;
}

/** The step that makes the pair, both ends where they belong: a link that is moved later costs more than everything else. */
export function planVeth(plan: Plan, { hostLink, hostMac, ifName, mac, mtu, netns }: VethPair): void {
  const size = mtu > 0 ? ip.part`mtu ${mtu}` : ip.none;
  plan.host(
    ip`link add name ${hostLink} ${size} address ${hostMac} txqueuelen 0 type veth peer name ${ifName} ${size} address ${mac} netns ${netns.path}`,
    { failing: 'failed to make veth pair', undo: ip`link del dev ${hostLink}` },
  );
}

/** Refuses a container that has a link of the interface's name already. */
export async function refuseTaken(call: AttachmentCall<unknown>, netns: Netns, options: RunOptions): Promise<void> {
  const [same] = await lookAt([{ place: netns, command: ip`link show dev ${call.ifName}` }], options);
  if (same !== undefined) throw await takenError(call, netns, options);
}

/** That the interface's name is taken, and by what. */
export async function takenError(call: AttachmentCall<unknown>, netns: Netns, options: RunOptions): Promise<CniError> {
  const [link] = await lookAt([linkIn(netns, call.ifName)], options);
  const hostLink = hostLinkName(call);
  return new CniError(
    ErrorCode.internal,
    `container veth name ("${call.ifName}") peer provided ("${hostLink}") already exists`,
    `namespace ${call.netns} has a link ${call.ifName} already (${link?.linkinfo?.info_kind ?? 'a device'}, ` +
      `${(link && addressesOf(link).join(', ')) || 'without addresses'}); expected none. Either this container was added before ` +
      'and never removed, or two networks use the same interface name',
  );
}
