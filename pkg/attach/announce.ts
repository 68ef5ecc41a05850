import { wordSum } from '../addr/checksum.ts';
import type { Netns } from '../netns/netns.ts';
import { type LinkSpeech, linkSpeech } from '../rtnl/link-speech.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { readAddress, readMac } from '../rtnl/words.ts';
import { libc } from '../sys/libc.ts';
import { sendFromLink } from '../sys/link-sender.ts';

const ETHERNET_BYTES = 14;
const ETHERTYPE_AT = 12;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const ARP_BYTES = 28;
/** Ethernet and IPv4 with addresses of 6 and 4 bytes, a question. */
const ARP_QUESTION = [0, 1, 0x08, 0, 6, 4, 0, 1] as const;
const IPV6_BYTES = 40;
const ICMPV6 = 58;
const ROUTER_SOLICITATION = 133;
const SOLICITATION_BYTES = 8;
/** Behind it, who asks: his Ethernet address, in units of eight bytes. */
const SOURCE_LINK_ADDRESS = [1, 1] as const;
const OPTION_BYTES = 8;
/** Only what comes from the same link arrives with so many. */
const HOP_LIMIT = 255;
/** ff02::2 */
const ALL_ROUTERS = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] as const;
/** Where all multicast addresses with the same last four bytes are in Ethernet. */
const IPV6_MULTICAST = [0x33, 0x33] as const;

/** What a link in a container has said; `undefined` when it is not there, or cannot be asked without a program. */
export function speechOf(place: Netns, link: string): LinkSpeech | undefined {
  const c = libc();
  if (c === undefined || !place.canEnter) return undefined;
  const socket = place.run(() => new RtnlSocket(c));
  try {
    return linkSpeech(socket, link);
  } finally {
    socket.close();
  }
}

/**
 * Has a link say to everybody whom it reaches that it has these IPv4 addresses, and ask for routers again if it has done
 * that before: nobody may have heard it. In a crowd each frame keeps a processor for long, so nobody waits for that. Gives
 * whether all is on its way; if not, it takes another way to say it.
 */
export function announce(
  place: Netns,
  speech: LinkSpeech,
  { mac, addresses, isInCrowd }: { mac: string; addresses: readonly string[]; isInCrowd: boolean },
): boolean {
  const frames: Uint8Array[] = [];
  for (const address of addresses) {
    const frame = announcement(mac, address);
    if (frame === undefined) return false;
    frames.push(frame);
  }
  const question = speech.hasAskedForRouters ? solicitation(mac, speech.isNamedByMac) : undefined;
  const later = question === undefined ? [] : [question];
  if (later.length === 0 && frames.length === 0) return true;
  return sendFromLink(
    place,
    speech.index,
    isInCrowd ? { now: [], soon: frames, later } : { now: frames, soon: [], later },
  );
}

/** The question who has an address, asked by whoever has it, as the kernel would ask it. */
export function announcement(mac: string, address: string): Uint8Array | undefined {
  const [sender, own] = [readMac(mac), readAddress(address)?.bytes];
  if (sender === undefined || own?.length !== 4) return undefined;
  const frame = frameFrom(sender, ETHERTYPE_ARP, ARP_BYTES);
  frame.fill(0xff, 0, 6);
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
  const length = SOLICITATION_BYTES + (isNamedByMac ? OPTION_BYTES : 0);
  const frame = frameFrom(sender, ETHERTYPE_IPV6, IPV6_BYTES + length);
  const view = new DataView(frame.buffer);
  frame.set(IPV6_MULTICAST);
  frame.set(ALL_ROUTERS.slice(12), 2);
  const [ip, icmp] = [ETHERNET_BYTES, ETHERNET_BYTES + IPV6_BYTES];
  view.setUint8(ip, 0x60);
  view.setUint16(ip + 4, length);
  frame.set([ICMPV6, HOP_LIMIT], ip + 6);
  if (isNamedByMac) frame.set(addressFrom(sender), ip + 8);
  frame.set(ALL_ROUTERS, ip + 24);
  view.setUint8(icmp, ROUTER_SOLICITATION);
  // Who is nobody in particular must not say where he is.
  if (isNamedByMac) frame.set([...SOURCE_LINK_ADDRESS, ...sender], icmp + SOLICITATION_BYTES);
  const pseudo = wordSum(frame.subarray(ip + 8, icmp), length + ICMPV6);
  view.setUint16(icmp + 2, ~wordSum(frame.subarray(icmp), pseudo) & 0xffff);
  return frame;
}

function frameFrom(sender: Uint8Array, type: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + bytes);
  frame.set(sender, 6);
  new DataView(frame.buffer).setUint16(ETHERTYPE_AT, type);
  return frame;
}

/** fe80::/64 with the MAC around ff:fe, one bit of it turned over. */
function addressFrom(mac: Uint8Array): Uint8Array {
  const address = new Uint8Array(16);
  address.set([0xfe, 0x80]);
  address.set(mac.subarray(0, 3), 8);
  address.set([0xff, 0xfe], 11);
  address.set(mac.subarray(3), 13);
  address[8] = (address[8] ?? 0) ^ 2;
  return address;
}
