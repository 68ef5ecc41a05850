import type { Netns } from '../netns/netns.ts';
import { readAddress, readMac } from '../rtnl/words.ts';
import { sendFromLink } from '../sys/link-sender.ts';

const ETHERTYPE_ARP = 0x0806;
const FRAME_BYTES = 42;
/** Ethernet and IPv4 with addresses of 6 and 4 bytes, a question. */
const QUESTION = [0, 1, 0x08, 0, 6, 4, 0, 1] as const;

/**
 * Tells everybody whom the link with an index reaches that it has these IPv4 addresses. Gives whether that is on its way;
 * if not, it takes another way to say it.
 */
export function announceIpv4(place: Netns, index: number, mac: string, addresses: readonly string[]): boolean {
  const frames: Uint8Array[] = [];
  for (const address of addresses) {
    const frame = announcement(mac, address);
    if (frame === undefined) return false;
    frames.push(frame);
  }
  return sendFromLink(place, index, frames);
}

/** The question who has an address, asked by whoever has it, as the kernel would ask it. */
export function announcement(mac: string, address: string): Uint8Array | undefined {
  const [sender, own] = [readMac(mac), readAddress(address)?.bytes];
  if (sender === undefined || own?.length !== 4) return undefined;
  const frame = new Uint8Array(FRAME_BYTES);
  frame.fill(0xff, 0, 6);
  frame.set(sender, 6);
  new DataView(frame.buffer).setUint16(12, ETHERTYPE_ARP);
  frame.set(QUESTION, 14);
  frame.set(sender, 22);
  frame.set(own, 28);
  frame.set(own, 38);
  return frame;
}
