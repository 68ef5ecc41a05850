import { wordSum } from '../addr/checksum.ts';
import { readAddress, readMac } from '../rtnl/words.ts';

/** Two MACs and a type. */
const ETHERNET_BYTES = 14;
const ETHERTYPE_AT = 12;
const ETHERTYPE_IPV6 = 0x86dd;
const IPV6_BYTES = 40;
const HOP_BY_HOP = 0;
const ICMPV6 = 58;
/** Where all multicast addresses with the same last four bytes are in Ethernet. */
const IPV6_MULTICAST = [0x33, 0x33] as const;
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
/** ff02::16, where bridges and routers listen for what others listen to. */
const LISTENERS = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16] as const;
/** ICMPv6 comes next, and routers should look although it is not for them; then padding. */
const ROUTER_ALERT = [58, 0, 5, 2, 0, 0, 1, 0] as const;
const REPORT = 143;
/** From now on everything that is sent to the group is wanted. */
const CHANGE_TO_EXCLUDE_NOTHING = [4, 0, 0, 0] as const;
const LINK_SCOPE = 2;
/** ff02::1, to which all listen. */
const ALL_NODES = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] as const;

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
export function solicitation(mac: string, hasEui64Address: boolean): Uint8Array | undefined {
  const sender = readMac(mac);
  if (sender === undefined) return undefined;
  // Who is nobody in particular must not say where he is.
  const source = hasEui64Address ? [...SOURCE_LINK_ADDRESS, ...sender] : [];
  const message = [ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0, ...source];
  return multicastFrame(sender, hasEui64Address, { destination: ALL_ROUTERS, hopLimit: HOP_LIMIT, message });
}

/** Says which groups a link listens to, as the kernel would say it; `undefined` when there is none to tell of. */
export function groupReport(
  mac: string,
  hasEui64Address: boolean,
  groups: readonly Uint8Array[],
): Uint8Array | undefined {
  const sender = readMac(mac);
  const records: number[] = [];
  let count = 0;
  for (const group of groups) {
    if (!isReported(group)) continue;
    records.push(...CHANGE_TO_EXCLUDE_NOTHING, ...group);
    count += 1;
  }
  if (sender === undefined || count === 0) return undefined;
  const message = [REPORT, 0, 0, 0, 0, 0, count >> 8, count & 255, ...records];
  return multicastFrame(sender, hasEui64Address, {
    destination: LISTENERS,
    hopLimit: 1,
    options: ROUTER_ALERT,
    message,
  });
}

function isReported(group: Uint8Array): boolean {
  if (((group[1] ?? 0) & 0xf) < LINK_SCOPE) return false;
  for (const [at, byte] of ALL_NODES.entries()) if (group[at] !== byte) return true;
  return false;
}

/** What a link says to all that listen to an IPv6 multicast address. */
interface MulticastSpeech {
  readonly destination: readonly number[];
  readonly hopLimit: number;
  /** Options between the header of IPv6 and the message. */
  readonly options?: readonly number[];
  /** The message of ICMPv6, without its checksum. */
  readonly message: readonly number[];
}

/** A frame from a MAC, with nothing in it and addressed to nobody yet. */
function frameFrom(sender: Uint8Array, type: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + bytes);
  frame.set(sender, 6);
  new DataView(frame.buffer).setUint16(ETHERTYPE_AT, type);
  return frame;
}

/** A multicast frame from the address that the kernel makes of a MAC, or from nobody in particular. */
function multicastFrame(sender: Uint8Array, hasEui64Address: boolean, speech: MulticastSpeech): Uint8Array {
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
  if (hasEui64Address) frame.set(addressFrom(sender), ip + 8);
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
