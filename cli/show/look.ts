import { isKind, type ShownLink } from '../../pkg/attach/links.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { SeenNetns } from '../../pkg/record/seen.ts';
import { namespaceId } from '../../pkg/rtnl/namespace-id.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';

/** The links of this host that attachments have to do with. */
export interface HostLinks {
  readonly all: readonly ShownLink[];
  readonly bridges: readonly ShownLink[];
  /** Those that default routes leave by. */
  readonly uplinks: readonly ShownLink[];
  /** Ports of a bridge. */
  portsOf(bridge: string): readonly ShownLink[];
  named(name: string): ShownLink | undefined;
}

/** Looks at all links of this host, once. */
export async function hostLinks(): Promise<HostLinks> {
  const all = await linksIn(ownNetns());
  return {
    all,
    uplinks: await uplinksIn(all),
    bridges: all.filter((link) => isKind(link, 'bridge')),
    portsOf: (bridge) => all.filter(({ master }) => master === bridge),
    named: (name) => all.find(({ ifname }) => ifname === name),
  };
}

/** Looks at a container's interface; `undefined` when there is none, or no way to it. */
export async function containerLink(path: string, ifName: string): Promise<ShownLink | undefined> {
  return (await linksAt(path)).find(({ ifname }) => ifname === ifName);
}

/** All links of a container; none when there is no way to it. */
export async function linksAt(path: string): Promise<readonly ShownLink[]> {
  let netns: Netns;
  try {
    netns = openNetns(path);
  } catch {
    return [];
  }
  try {
    return await linksIn(netns);
  } finally {
    netns.close();
  }
}

/** The host's end of the pair that a container's interface is an end of: both name each other, and the namespace. */
export async function hostEndOf(links: HostLinks, seen: SeenNetns, inside: ShownLink): Promise<ShownLink | undefined> {
  if (!isKind(inside, 'veth')) return undefined;
  const end = links.all.find(({ ifindex, link_index }) => {
    return ifindex === inside.link_index && link_index === inside.ifindex;
  });
  if (end?.link_netnsid === undefined) return undefined;
  let netns: Netns | undefined;
  try {
    netns = openNetns(seen.path);
    // What a container says of its own links may be a lie; which namespace it is, is not.
    return (await namespaceId(ownNetns(), netns)) === end.link_netnsid ? end : undefined;
  } catch {
    // It is gone by now.
    return undefined;
  } finally {
    netns?.close();
  }
}

/** Kinds of links that are on top of one of the host's. */
const STACKED = ['macvlan', 'macvtap', 'ipvlan', 'vlan'];

/** The link of the host that a container's interface is on top of. */
export function masterOf(links: HostLinks, inside: ShownLink | undefined): string | undefined {
  if (inside === undefined || !STACKED.some((kind) => isKind(inside, kind))) return undefined;
  // Without a number it is in the container itself.
  if (inside.link_netnsid === undefined) return undefined;
  return links.all.find(({ ifindex }) => ifindex === inside.link_index)?.ifname;
}

/** Whether a link is set up. */
export function isUp(link: ShownLink | undefined): boolean {
  return link?.flags.includes('UP') === true;
}

async function linksIn(place: Netns): Promise<readonly ShownLink[]> {
  // A container may have made thousands.
  const request = { argv: ['ip', '-j', '-d', 'addr', 'show'], timeoutMs: 10_000 } as const;
  const { status, stdout, stderr } = await place.start(request).outcome();
  if (status === 0) return JSON.parse(stdout || '[]') as readonly ShownLink[];
  throw new CniError(ErrorCode.internal, `cannot list the links of ${place.label}: ${stderr.trim()}`);
}

/** The links that default routes leave by. */
export async function uplinksIn(all: readonly ShownLink[]): Promise<readonly ShownLink[]> {
  const names = new Set<string>();
  for (const family of ['-4', '-6']) {
    const argv = ['ip', '-j', family, 'route', 'show', 'default'] as const;
    const { stdout } = await ownNetns().start({ argv, timeoutMs: 10_000 }).outcome();
    for (const { dev } of JSON.parse(stdout || '[]') as readonly { readonly dev?: string }[]) names.add(dev ?? '');
  }
  return all.filter(({ ifname }) => names.has(ifname));
}
