import { ownNetns } from '../netns/own.ts';
import { askByIndex, askByName, ifThere } from '../rtnl/link/names.ts';
import { type ShownLink, showLink } from '../rtnl/link/show.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { libc } from '../sys/libc.ts';
import { type Door, LinkGone } from './client.ts';
import type { HostLink } from './container-link.ts';
import { openWire } from './system.ts';

/** The host's link that leads to a container's server: for when the container is gone, and its address is not. */
export interface WayOut {
  readonly name: string;
  readonly index: number;
}

/** Kinds of links that stand on one of the host. */
const ON_TOP: readonly string[] = ['macvlan', 'ipvlan', 'vlan'];

/** The way out of a container's link; `undefined` when it has none through this host. */
export function wayOutOf(hostLink: HostLink | undefined): WayOut | undefined {
  if (hostLink === undefined) return undefined;
  const { index, kind, innerIndex } = hostLink;
  return onHost((socket) => {
    const body = ifThere(() => askByIndex(socket, index));
    const other = body && showLink(socket, body, { alias: false, details: true });
    if (other === undefined) return undefined;
    if (ON_TOP.includes(kind)) return { name: other.ifname, index };
    // The host's end of a pair is gone with the container, but not the bridge that it is a port of.
    if (other.link_index !== innerIndex || other.master === undefined) return undefined;
    const bridge = linkNamed(socket, other.master);
    return bridge && { name: bridge.ifname, index: bridge.ifindex };
  });
}

/** The door to a host's link. */
export function hostDoor({ name, index }: WayOut): Door {
  const isThere = (): boolean => onHost((socket) => linkNamed(socket, name)?.ifindex === index);
  return {
    isThere: async () => isThere(),
    async open() {
      if (!isThere()) throw new LinkGone(`${name} is not there any more`);
      return openWire(index)();
    },
  };
}

function onHost<T>(work: (socket: RtnlSocket) => T): T {
  const c = libc();
  if (c === undefined) throw new Error('this needs foreign functions');
  const socket = RtnlSocket.in(ownNetns(), c);
  try {
    return work(socket);
  } finally {
    socket.close();
  }
}

function linkNamed(socket: RtnlSocket, name: string): ShownLink | undefined {
  const body = ifThere(() => askByName(socket, name));
  return body && showLink(socket, body, { alias: false, details: false });
}
