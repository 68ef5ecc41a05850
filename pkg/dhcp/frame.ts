import { wordSum } from '../addr/checksum.ts';

/** Who sends to whom: MAC and address of both. */
export interface Route {
  readonly sourceMac: Uint8Array;
  readonly targetMac: Uint8Array;
  readonly source: Uint8Array;
  readonly target: Uint8Array;
}

/** What came in a frame from a server's port to a client's. */
export interface Received {
  readonly sourceMac: Uint8Array;
  readonly payload: Uint8Array;
}

/** Everybody on the link. */
export const BROADCAST_MAC = new Uint8Array(6).fill(0xff);
/** Everybody on the network. */
export const BROADCAST_ADDRESS = new Uint8Array(4).fill(0xff);

const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
const UDP_BYTES = 8;
const ETHERTYPE_IPV4 = 0x0800;
const UDP = 17;
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const TTL = 64;
const DO_NOT_FRAGMENT = 0x4000;
/** The offset of a fragment, and whether others follow. */
const FRAGMENT = 0x3fff;

/** A whole frame from a client to a server, with both checksums. */
export function encodeFrame({ sourceMac, targetMac, source, target }: Route, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + IP_BYTES + UDP_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  frame.set(targetMac);
  frame.set(sourceMac, 6);
  view.setUint16(12, ETHERTYPE_IPV4);
  const ip = ETHERNET_BYTES;
  view.setUint8(ip, 0x45);
  view.setUint16(ip + 2, IP_BYTES + UDP_BYTES + payload.length);
  view.setUint16(ip + 6, DO_NOT_FRAGMENT);
  view.setUint8(ip + 8, TTL);
  view.setUint8(ip + 9, UDP);
  frame.set(source, ip + 12);
  frame.set(target, ip + 16);
  view.setUint16(ip + 10, ~wordSum(frame.subarray(ip, ip + IP_BYTES)) & 0xffff);
  const udp = ip + IP_BYTES;
  view.setUint16(udp, CLIENT_PORT);
  view.setUint16(udp + 2, SERVER_PORT);
  view.setUint16(udp + 4, UDP_BYTES + payload.length);
  frame.set(payload, udp + UDP_BYTES);
  const pseudo = wordSum(frame.subarray(ip + 12, ip + 20)) + UDP + UDP_BYTES + payload.length;
  const checksum = ~wordSum(frame.subarray(udp), pseudo) & 0xffff;
  // 0 would say that there is none.
  view.setUint16(udp + 6, checksum === 0 ? 0xffff : checksum);
  return frame;
}

/**
 * What a server sent to a client; `undefined` for any other frame. UDP's checksum is not looked at: between two ends
 * of a pair of links the kernel has not filled it in yet.
 */
export function decodeFrame(frame: Uint8Array): Received | undefined {
  if (frame.length < ETHERNET_BYTES + IP_BYTES + UDP_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const ip = ETHERNET_BYTES;
  if (view.getUint16(12) !== ETHERTYPE_IPV4 || view.getUint8(ip) >> 4 !== 4) return undefined;
  const header = (view.getUint8(ip) & 0xf) * 4;
  const end = ip + view.getUint16(ip + 2);
  const udp = ip + header;
  if (header < IP_BYTES || end > frame.length || udp + UDP_BYTES > end) return undefined;
  if (view.getUint8(ip + 9) !== UDP || (view.getUint16(ip + 6) & FRAGMENT) !== 0) return undefined;
  if (wordSum(frame.subarray(ip, udp)) !== 0xffff) return undefined;
  if (view.getUint16(udp) !== SERVER_PORT || view.getUint16(udp + 2) !== CLIENT_PORT) return undefined;
  const length = view.getUint16(udp + 4);
  if (length < UDP_BYTES || udp + length > end) return undefined;
  return { sourceMac: frame.slice(6, 12), payload: frame.slice(udp + UDP_BYTES, udp + length) };
}
