import type { Netns } from '../netns/netns.ts';
import { type LinkSpeech, linkSpeech } from '../rtnl/link/speech.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { readAddress, readMac } from '../rtnl/words.ts';
import { libc } from '../sys/libc.ts';
import { sendFromLink } from '../sys/socket/link-sender.ts';
import { ETHERNET_BYTES, frameFrom, multicastFrame } from './frame.ts';

const ETHERTYPE_ARP = 0x0806;
const ARP_BYTES = 28;
/** Ethernet and IPv4 with addresses of 6 and 4 bytes, a question. */
const ARP_QUESTION = [0, 1, 0x08, 0, 6, 4, 0, 1] as const;
const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
const ROUTER_SOLICITATION = 133;
/** Behind it, who asks: his Ethernet address, in units of eight bytes. */
const SOURCE_LINK_ADDRESS = [1, 1] as const;
/** Only what comes from the same link arrives with so many. */
const HOP_LIMIT = 255;
/** ff02::2 */
const ALL_ROUTERS = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] as const;

/** What a container's link has to say. */
export interface News {
  readonly mac: string;
  /** Its IPv4 addresses. */
  readonly addresses: readonly string[];
  /** Where so many hear it that nobody waits for it. */
  readonly crowd?: Crowd | undefined;
}

/** Those on a bridge with very many ports. */
export interface Crowd {
  /** MAC of the host's link, which alone is told at once. */
  readonly gatewayMac: string | undefined;
  /** Frames besides, for later. */
  readonly later: readonly Uint8Array[];
}

/** Who wants to know more of a link while the kernel is being asked. */
export interface Listener {
  hear(socket: RtnlSocket, speech: LinkSpeech): void;
}

/** What a link in a container has said; `undefined` when it is not there, or cannot be asked without a program. */
export function speechOf(place: Netns, link: string, listener?: Listener): LinkSpeech | undefined {
  const c = libc();
  if (c === undefined || !place.canEnter) return undefined;
  const socket = RtnlSocket.in(place, c);
  try {
    const speech = linkSpeech(socket, link);
    if (speech !== undefined) listener?.hear(socket, speech);
    return speech;
  } finally {
    socket.close();
  }
}

/**
 * Has a link say to everybody whom it reaches that it has these IPv4 addresses, and ask for routers again if it has done
 * that before: nobody may have heard it. In a crowd each frame to all keeps a processor for long, which may be that of
 * the plugin that is called next, so only the host is told at once. Gives whether all is on its way; if not, it takes
 * another way to say it.
 */
export function announce(place: Netns, speech: LinkSpeech, { mac, addresses, crowd }: News): boolean {
  const frames: Uint8Array[] = [];
  const toHost: Uint8Array[] = [];
  for (const address of addresses) {
    const frame = announcement(mac, address);
    if (frame === undefined) return false;
    frames.push(frame);
    const own = crowd?.gatewayMac === undefined ? undefined : announcement(mac, address, crowd.gatewayMac);
    if (own !== undefined) toHost.push(own);
  }
  const question = speech.hasAskedForRouters ? solicitation(mac, speech.isNamedByMac) : undefined;
  const asked = question === undefined ? [] : [question];
  if (crowd === undefined) {
    return (frames.length === 0 && asked.length === 0) || sendFromLink(place, speech.index, frames, asked);
  }
  return sendFromLink(place, speech.index, toHost, [...frames, ...crowd.later, ...asked]);
}

/** The question who has an address, asked by whoever has it, as the kernel would ask it. */
export function announcement(mac: string, address: string, to = EVERYBODY): Uint8Array | undefined {
  const [sender, receiver, own] = [readMac(mac), readMac(to), readAddress(address)?.bytes];
  if (sender === undefined || receiver === undefined || own?.length !== 4) return undefined;
  const frame = frameFrom(sender, ETHERTYPE_ARP, ARP_BYTES);
  frame.set(receiver);
  frame.set(ARP_QUESTION, ETHERNET_BYTES);
  frame.set(sender, 22);
  frame.set(own, 28);
  frame.set(own, 38);
  return frame;
}

/** The question for routers, from the address that the kernel makes of a MAC, or from nobody in particular. */
export function solicitation(mac: string, isNamedByMac: boolean): Uint8Array | undefined {
  const sender = readMac(mac);
  if (sender === undefined) return undefined;
  // Who is nobody in particular must not say where he is.
  const source = isNamedByMac ? [...SOURCE_LINK_ADDRESS, ...sender] : [];
  const message = [ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0, ...source];
  return multicastFrame(sender, isNamedByMac, { destination: ALL_ROUTERS, hopLimit: HOP_LIMIT, message });
}
