import type { Family } from '../addr/address.ts';
import { AF_INET, readAddress, readNumber, readPrefix } from '../rtnl/words.ts';
import { BASE, compared, type Expression, masked, payload } from './native-expression.ts';

/** Where in a packet's header addresses stand. */
const OFFSET = { 4: { source: 12, destination: 16 }, 6: { source: 8, destination: 24 } } as const;

/** Loads an address of a packet, as many bytes of it as are looked at. */
export function loadedAddress(family: Family, which: AddressLook['which'], bytes = family === 4 ? 4 : 16): Expression {
  return payload(BASE.network, OFFSET[family][which], bytes);
}

/** How an address is compared. */
export interface AddressLook {
  readonly family: Family;
  readonly which: 'source' | 'destination';
  /** An address, or a prefix whose host bits do not count. */
  readonly text: string;
  readonly isInverted: boolean;
  /** Whether whole bytes of a prefix are compared without a mask. */
  readonly isShort: boolean;
}

/** What compares an address of a packet, nothing for any; `undefined` for what is no such address. */
export function addressMatch(look: AddressLook): readonly Expression[] | undefined {
  const { family, which, text, isInverted, isShort } = look;
  const prefix = readPrefix(text);
  const read = prefix ?? readAddress(text);
  if (read === undefined || (read.family === AF_INET ? 4 : 6) !== family) return undefined;
  const { bytes } = read;
  const length = prefix?.length ?? bytes.length * 8;
  if (length === 0) return isInverted ? undefined : [];
  const isWhole = length === bytes.length * 8 || (isShort && length % 8 === 0);
  const count = isWhole ? length / 8 : bytes.length;
  const load = loadedAddress(family, which, count);
  if (isWhole) return [load, compared(bytes.subarray(0, count), isInverted)];
  const mask = new Uint8Array(count);
  const network = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    mask[index] = 0xff00 >> Math.min(8, Math.max(0, length - 8 * index));
    network[index] = (bytes[index] ?? 0) & (mask[index] ?? 0);
  }
  return [load, masked(mask), compared(network, isInverted)];
}

/** An address with a port, as the kernel takes both. */
export interface SocketAddress {
  readonly family: typeof AF_INET | 10;
  readonly address: Uint8Array;
  /** Two bytes, the high one first. */
  readonly port: Uint8Array;
}

/** `10.1.2.3:80`, `[fd00::2]:80` */
export function readSocketAddress(text: string): SocketAddress | undefined {
  const colon = text.lastIndexOf(':');
  const port = readNumber(text.slice(colon + 1), 65535);
  const read = readAddress(text.startsWith('[') ? text.slice(1, colon - 1) : text.slice(0, colon));
  if (port === undefined || read === undefined) return undefined;
  return { family: read.family, address: read.bytes, port: portBytes(port) };
}

/** A port, the high byte first. */
export function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 255);
}
