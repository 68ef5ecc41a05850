import type { Netns } from '../netns/netns.ts';
import { type LinkState, linkState } from '../rtnl/link/state.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { libc } from '../sys/libc.ts';
import { sendFromLink } from '../sys/socket/link-sender.ts';
import { announcement, solicitation } from './frames.ts';

/** What a container's link has to say. */
export interface News {
  readonly mac: string;
  /** Its IPv4 addresses. */
  readonly addresses: readonly string[];
  /** Where so many hear it that nobody waits for it. */
  readonly largeBridge?: LargeBridge | undefined;
}

/** Those on a bridge with very many ports. */
export interface LargeBridge {
  /** MAC of the host's link, which alone is told at once. */
  readonly gatewayMac: string | undefined;
  /** Frames besides, for later. */
  readonly later: readonly Uint8Array[];
}

/** Who wants to know more of a link while the kernel is being asked. */
export interface Listener {
  hear(socket: RtnlSocket, state: LinkState): void;
}

/** What a link in a container has said; `undefined` when it is not there, or cannot be asked without a program. */
export function linkStateOf(place: Netns, link: string, listener?: Listener): LinkState | undefined {
  const c = libc();
  if (c === undefined || !place.canEnter) return undefined;
  const socket = RtnlSocket.in(place, c);
  try {
    const state = linkState(socket, link);
    if (state !== undefined) listener?.hear(socket, state);
    return state;
  } finally {
    socket.close();
  }
}

/**
 * Has a link say to everybody whom it reaches that it has these IPv4 addresses, and ask for routers again if it has done
 * that before: nobody may have heard it. On a large bridge each frame to all keeps a processor for long, which may be that of
 * the plugin that is called next, so only the host is told at once. Gives whether all is on its way; if not, it takes
 * another way to say it.
 */
export function announce(place: Netns, state: LinkState, { mac, addresses, largeBridge }: News): boolean {
  const frames: Uint8Array[] = [];
  const toHost: Uint8Array[] = [];
  for (const address of addresses) {
    const frame = announcement(mac, address);
    if (frame === undefined) return false;
    frames.push(frame);
    const own = largeBridge?.gatewayMac === undefined ? undefined : announcement(mac, address, largeBridge.gatewayMac);
    if (own !== undefined) toHost.push(own);
  }
  const question = state.hasAskedForRouters ? solicitation(mac, state.hasEui64Address) : undefined;
  const asked = question === undefined ? [] : [question];
  if (largeBridge === undefined) {
    return (frames.length === 0 && asked.length === 0) || sendFromLink(place, state.index, frames, asked);
  }
  return sendFromLink(place, state.index, toHost, [...frames, ...largeBridge.later, ...asked]);
}
