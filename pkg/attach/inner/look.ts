import type { Netns } from '../../netns/netns.ts';
import type { RunOptions } from '../../plan/executor.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { hostLinkName } from '../identity.ts';
import type { ShownLink } from '../links.ts';
import type { InnerKind, InnerSettings } from './kind.ts';
import { findMaster } from './master.ts';
import { refuseOtherWay } from './refused.ts';
import type { InnerLink } from './steps.ts';
import { refuseTaken } from './taken.ts';

/** What an ADD knows before it does anything. */
export interface Surroundings {
  readonly link: InnerLink;
  /** The link below, if it stands on one. */
  readonly master: ShownLink | undefined;
}

/** Looks around for an ADD, and refuses what cannot be. */
export async function lookAround<Conf>(
  call: AttachmentCall<Conf>,
  kind: InnerKind<Conf>,
  settings: InnerSettings,
  netns: Netns,
  options: RunOptions,
): Promise<Surroundings> {
  await refuseTaken(call, kind, settings, netns, options);
  const master = await findMaster(kind, settings, netns, options);
  const temporary = hostLinkName(call);
  const link: InnerLink = { kind, name: call, netns, settings, master: master?.ifname ?? '', temporary };
  if (kind.isAsLast) refuseOtherWay(link, call.records);
  return { link, master };
}
