import { wordSum } from '../addr/checksum.ts';

/** Two MACs and a type. */
export const ETHERNET_BYTES = 14;
const ETHERTYPE_AT = 12;
const ETHERTYPE_IPV6 = 0x86dd;
const IPV6_BYTES = 40;
const HOP_BY_HOP = 0;
const ICMPV6 = 58;
/** Where all multicast addresses with the same last four bytes are in Ethernet. */
const IPV6_MULTICAST = [0x33, 0x33] as const;

/** What a link says to all that listen to an IPv6 multicast address. */
export interface MulticastSpeech {
  readonly destination: readonly number[];
  readonly hopLimit: number;
  /** Options between the header of IPv6 and the message. */
  readonly options?: readonly number[];
  /** The message of ICMPv6, without its checksum. */
  readonly message: readonly number[];
}

/** A frame from a MAC, with nothing in it and addressed to nobody yet. */
export function frameFrom(sender: Uint8Array, type: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + bytes);
  frame.set(sender, 6);
  new DataView(frame.buffer).setUint16(ETHERTYPE_AT, type);
  return frame;
}

/** A multicast frame from the address that the kernel makes of a MAC, or from nobody in particular. */
export function multicastFrame(sender: Uint8Array, isNamedByMac: boolean, speech: MulticastSpeech): Uint8Array {
  const { destination, hopLimit, options = [], message } = speech;
  const frame = frameFrom(sender, ETHERTYPE_IPV6, IPV6_BYTES + options.length + message.length);
  const view = new DataView(frame.buffer);
  const [ip, behind] = [ETHERNET_BYTES, ETHERNET_BYTES + IPV6_BYTES];
  const icmp = behind + options.length;
  frame.set(IPV6_MULTICAST);
  frame.set(destination.slice(12), 2);
  view.setUint8(ip, 0x60);
  view.setUint16(ip + 4, options.length + message.length);
  frame.set([options.length > 0 ? HOP_BY_HOP : ICMPV6, hopLimit], ip + 6);
  if (isNamedByMac) frame.set(addressFrom(sender), ip + 8);
  frame.set(destination, ip + 24);
  frame.set(options, behind);
  frame.set(message, icmp);
  const pseudo = wordSum(frame.subarray(ip + 8, behind), message.length + ICMPV6);
  view.setUint16(icmp + 2, ~wordSum(frame.subarray(icmp), pseudo) & 0xffff);
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
