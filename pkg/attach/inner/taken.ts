import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import type { RunOptions } from '../../plan/executor.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import { addressesOf, linkIn, lookAt } from '../links.ts';
import type { InnerSettings, InnerTraits } from './kind.ts';

/** Refuses a container that has a link of the interface's name already. */
export async function refuseTaken(
  { ifName, netns: path }: AttachmentCall<unknown>,
  { name: kind }: InnerTraits,
  { below }: InnerSettings,
  netns: Netns,
  options: RunOptions,
): Promise<void> {
  const [same] = await lookAt([{ place: netns, command: ip`link show dev ${ifName}` }], options);
  if (same === undefined) return;
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  const failing = below === undefined ? `failed to create ${kind}` : `failed to rename ${kind} to "${ifName}"`;
  throw new CniError(
    ErrorCode.internal,
    `${failing}: file exists`,
    `namespace ${path} has a link ${ifName} already (${link?.linkinfo?.info_kind ?? 'a device'}, ` +
      `${(link && addressesOf(link).join(', ')) || 'without addresses'}); expected none. Either this container was added ` +
      'before and never removed, or two networks use the same interface name',
  );
}
