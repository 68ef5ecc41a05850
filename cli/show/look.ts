import { isKind, type ShownLink } from '../../pkg/attach/links.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';

/** The links of this host that attachments have to do with. */
export interface HostLinks {
  readonly all: readonly ShownLink[];
  readonly bridges: readonly ShownLink[];
  /** Ports of a bridge. */
  portsOf(bridge: string): readonly ShownLink[];
  named(name: string): ShownLink | undefined;
}

/** Looks at all links of this host, once. */
export async function hostLinks(): Promise<HostLinks> {
  const all = await linksIn(ownNetns());
  return {
    all,
    bridges: all.filter((link) => isKind(link, 'bridge')),
    portsOf: (bridge) => all.filter(({ master }) => master === bridge),
    named: (name) => all.find(({ ifname }) => ifname === name),
  };
}

/** Looks at a container's interface; `undefined` when there is none, or no way to it. */
export async function containerLink(path: string, ifName: string): Promise<ShownLink | undefined> {
  let netns: Netns;
  try {
    netns = openNetns(path);
  } catch {
    return undefined;
  }
  try {
    return (await linksIn(netns)).find(({ ifname }) => ifname === ifName);
  } finally {
    netns.close();
  }
}

/** Whether a link is set up. */
export function isUp(link: ShownLink | undefined): boolean {
  return link?.flags.includes('UP') === true;
}

async function linksIn(place: Netns): Promise<readonly ShownLink[]> {
  const { status, stdout, stderr } = await place.start({ argv: ['ip', '-j', '-d', 'addr', 'show'] }).outcome();
  if (status === 0) return JSON.parse(stdout || '[]') as readonly ShownLink[];
  throw new CniError(ErrorCode.internal, `cannot list the links of ${place.label}: ${stderr.trim()}`);
}
