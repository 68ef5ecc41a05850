import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import type { RunOptions } from '../../plan/executor.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import { hostLinkName } from '../identity.ts';
import { addressesOf, linkIn, lookAt } from '../links.ts';

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
