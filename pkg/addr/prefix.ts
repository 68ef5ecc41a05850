import { type Address, bitsOf, type Family, formatAddress, parseAddress } from './address.ts';

/** An address with a prefix length; the address keeps its host bits, so this serves hosts and networks alike. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** Bits that the longer notation of an IPv4-mapped prefix counts before the IPv4 address begins. */
const MAPPED_BITS = 96;

/**
 * Reads `ADDRESS/LENGTH` without touching the host bits; `undefined` when the text is none.
 *
 * @example
 * parsePrefix('10.1.2.3/24'); // { address: 10.1.2.3, length: 24 }
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  if (slash === -1) return undefined;
  const length = parseLength(text, slash + 1);
  const addressText = text.slice(0, slash);
  const address = parseAddress(addressText);
  if (length === undefined || address === undefined) return undefined;
  const isMapped = address.family === 4 && addressText.includes(':');
  if (length > (isMapped ? 128 : bitsOf(address.family))) return undefined;
  return { address, length: isMapped ? Math.max(0, length - MAPPED_BITS) : length };
}

const DIGITS = /^\d+$/;

/** The decimal digits from `start` to the end; `undefined` when there is anything else, or more than any length. */
function parseLength(text: string, start: number): number | undefined {
  const digits = text.slice(start);
  const length = DIGITS.test(digits) ? Number(digits) : Number.NaN;
  return length <= 128 ? length : undefined;
}

/** Canonical text of a prefix, host bits as they are: `10.1.2.3/24`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** Canonical form of a prefix text, host bits kept; `undefined` when the text is no prefix. */
export function canonicalPrefix(text: string): string | undefined {
  const prefix = parsePrefix(text);
  return prefix && formatPrefix(prefix);
}

/** A single address as a prefix: /32 or /128. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: bitsOf(address.family) };
}

function hostBits(prefix: Prefix): bigint {
  return BigInt(bitsOf(prefix.address.family) - prefix.length);
}

/**
 * The network mask of a prefix length.
 *
 * @example
 * formatAddress(maskOf(4, 20)); // '255.255.240.0'
 */
export function maskOf(family: Family, length: number): Address {
  const bits = bitsOf(family);
  return { family, value: ((1n << BigInt(length)) - 1n) << BigInt(bits - length) };
}

/** The prefix length of a network mask; `undefined` when its ones are not all in front. */
export function maskLength(mask: Address): number | undefined {
  const ones = mask.value.toString(2).replace(/0+$/, '');
  const length = mask.value === 0n ? 0 : ones.length;
  return maskOf(mask.family, length).value === mask.value ? length : undefined;
}

/** The network's own address: host bits all zero. */
export function networkAddress(prefix: Prefix): Address {
  const bits = hostBits(prefix);
  return { family: prefix.address.family, value: (prefix.address.value >> bits) << bits };
}

/** The network's highest address, host bits all one: for IPv4 the broadcast address. */
export function broadcastAddress(prefix: Prefix): Address {
  const hostMask = (1n << hostBits(prefix)) - 1n;
  return { family: prefix.address.family, value: prefix.address.value | hostMask };
}

/**
 * The lowest address that a host may have: the one after the network's own.
 * In a network of one or two addresses every address is a host's.
 */
export function firstHost(prefix: Prefix): Address {
  const network = networkAddress(prefix);
  return hostBits(prefix) < 2n ? network : { ...network, value: network.value + 1n };
}

/** The highest address that a host may have; IPv6 has no broadcast address to spare. */
export function lastHost(prefix: Prefix): Address {
  const highest = broadcastAddress(prefix);
  if (highest.family === 6 || hostBits(prefix) < 2n) return highest;
  return { ...highest, value: highest.value - 1n };
}

/** The prefix with its host bits cleared: what a route or a firewall rule is written with. */
export function networkOf(prefix: Prefix): Prefix {
  return { address: networkAddress(prefix), length: prefix.length };
}

/** Whether an address is in the network that a prefix belongs to. */
export function contains(prefix: Prefix, address: Address): boolean {
  if (prefix.address.family !== address.family) return false;
  const bits = hostBits(prefix);
  return prefix.address.value >> bits === address.value >> bits;
}

/** Whether the networks of two prefixes share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? contains(a, b.address) : contains(b, a.address);
}
