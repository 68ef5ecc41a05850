import { NetnsError } from '../netns/error.ts';
import type { Netns } from '../netns/netns.ts';
import { openNetns } from '../netns/open.ts';
import { linkSet } from '../rtnl/link-set.ts';
import type { ShownLink } from '../rtnl/link-show.ts';
import { showLink } from '../rtnl/link-show.ts';
import { askByName, ifThere } from '../rtnl/names.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { libc } from '../sys/libc.ts';
import { type Door, LinkGone, type Wire } from './client.ts';
import { openWire } from './system.ts';

/** A link of a container, however its path or name may be used again. */
export interface ContainerLink {
  readonly netns: { readonly path: string; readonly dev: string; readonly ino: string };
  readonly ifName: string;
  readonly index: number;
  readonly mac: string;
}

/** A link that was found, as it is now. */
export interface FoundLink {
  readonly link: ContainerLink;
  readonly shown: ShownLink;
  readonly isUp: boolean;
}

/** Looks for a link; throws in the reference's words when it is not there. */
export function findLink(path: string, ifName: string): FoundLink {
  return inside(path, (socket, { identity: { dev, ino } }) => {
    const shown = linkNamed(socket, ifName);
    if (shown === undefined) throw new Error(`error looking up "${ifName}": Link not found`);
    const { ifindex: index, address: mac = '' } = shown;
    const link = { netns: { path, dev: String(dev), ino: String(ino) }, ifName, index, mac };
    return { link, shown, isUp: shown.flags.includes('UP') };
  });
}

/** The door to a link, for as long as it is that very link. */
export function doorOf(link: ContainerLink): Door {
  return {
    isThere() {
      try {
        enter(link, () => undefined);
        return true;
      } catch (thrown) {
        if (thrown instanceof LinkGone) return false;
        // What cannot be looked at now may be there all the same.
        return true;
      }
    },
    open: (): Promise<Wire> => enter(link, () => openWire(link.index))(),
  };
}

/** Sets a link up or down; throws a {@link LinkGone} when it is not there any more. */
export function setLink(link: ContainerLink, state: 'up' | 'down'): void {
  enter(link, (socket) => linkSet(['link', 'set', 'dev', link.ifName, state])?.(socket));
}

/** Works in the namespace of a link, if both are still the same. */
function enter<T>(link: ContainerLink, work: (socket: RtnlSocket) => T): T {
  const { netns: known, ifName, index, mac } = link;
  try {
    return inside(known.path, (socket, { identity: { dev, ino } }) => {
      if (String(dev) !== known.dev || String(ino) !== known.ino) throw new LinkGone('the namespace is another one');
      const shown = linkNamed(socket, ifName);
      if (shown?.ifindex !== index || shown.address !== mac) throw new LinkGone(`${ifName} is not there any more`);
      return work(socket);
    });
  } catch (thrown) {
    if (thrown instanceof NetnsError && thrown.kind !== 'other') throw new LinkGone(thrown.message);
    throw thrown;
  }
}

/** In and out at once: a socket that was opened inside stays there. */
function inside<T>(path: string, work: (socket: RtnlSocket, netns: Netns) => T): T {
  const netns = openNetns(path);
  try {
    const results: T[] = [];
    netns.run(() => {
      results.push(onSocket((socket) => work(socket, netns)));
    });
    return results[0] as T;
  } finally {
    netns.close();
  }
}

/** Asks the kernel over a socket that is closed again: one that stays open would keep its namespace alive. */
export function onSocket<T>(work: (socket: RtnlSocket) => T): T {
  const c = libc();
  if (c === undefined) throw new Error('this needs foreign functions');
  const socket = new RtnlSocket(c);
  try {
    return work(socket);
  } finally {
    socket.close();
  }
}

/** The link with this name in the namespace of a socket. */
export function linkNamed(socket: RtnlSocket, name: string): ShownLink | undefined {
  const body = ifThere(() => askByName(socket, name));
  return body && showLink(socket, body, { alias: false, details: true });
}
