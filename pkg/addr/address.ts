/** The two address families. */
export type Family = 4 | 6;

/**
 * An IP address as a number: what arithmetic and comparison want.
 *
 * An IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) is the IPv4 address, as everywhere in CNI.
 */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Longest valid text: six groups of four digits and a full IPv4 tail. Longer input is not even split. */
const LONGEST_TEXT = 45;

/** Number of bits in an address of the family. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address; `undefined` when the text is none.
 *
 * Strict where resolvers are lenient: no leading zeros in IPv4 octets (octal somewhere), no zone suffix.
 *
 * @example
 * parseAddress('10.1.2.3'); // { family: 4, value: 0x0a010203n }
 * parseAddress('10.1.02.3'); // undefined
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  if (text.includes(':')) return parseIpv6(text);
  const value = parseIpv4(text);
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

// The readers below go through the characters one by one: in a process that lives for milliseconds
// a regular expression is compiled for a handful of uses, and that takes longer than all of them.

const ZERO = 48;
const NINE = 57;
const DOT = 46;
const COLON = 58;

function parseIpv4(text: string): number | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT && digits > 0) {
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
    } else if (code >= ZERO && code <= NINE && !(digits > 0 && octet === 0)) {
      octet = octet * 10 + code - ZERO;
      digits++;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined;
}

function parseIpv6(text: string): Address | undefined {
  const groups = readGroups(text);
  if (groups === undefined) return undefined;
  let value = 0n;
  for (const group of groups) value = (value << 16n) | BigInt(group);
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** The eight groups of an IPv6 text, with `::` and an IPv4 tail written out. */
function readGroups(text: string): number[] | undefined {
  const groups: number[] = [];
  /** How many groups stand before `::`. */
  let gap = -1;
  let index = 0;
  while (index < text.length) {
    if (text.charCodeAt(index) === COLON) {
      // Between groups there is one colon; a second one beside it is the gap, and there is only one gap.
      const isGap = text.charCodeAt(index + 1) === COLON;
      if (isGap ? gap !== -1 : groups.length === 0 || index + 1 === text.length) return undefined;
      if (isGap) gap = groups.length;
      index += isGap ? 2 : 1;
    }
    if (index === text.length) break;
    const end = endOfGroup(text, index);
    if (text.charCodeAt(end) === DOT) {
      const tail = parseIpv4(text.slice(index));
      if (tail === undefined) return undefined;
      groups.push(Math.floor(tail / 65_536), tail % 65_536);
      break;
    }
    if (end === index || end - index > 4) return undefined;
    groups.push(Number.parseInt(text.slice(index, end), 16));
    index = end;
  }
  if (gap === -1) return groups.length === 8 ? groups : undefined;
  // `::` stands for one zero group at least.
  if (groups.length > 7) return undefined;
  groups.splice(gap, 0, ...Array<number>(8 - groups.length).fill(0));
  return groups;
}

/** Where the hexadecimal digits that begin at `start` end. */
function endOfGroup(text: string, start: number): number {
  let end = start;
  while (end < text.length && isHexDigit(text.charCodeAt(end))) end++;
  return end;
}

function isHexDigit(code: number): boolean {
  const lowerCase = code | 32;
  return (code >= ZERO && code <= NINE) || (lowerCase >= 97 && lowerCase <= 102);
}

/**
 * Canonical text: dotted decimal, or RFC 5952 for IPv6.
 *
 * @example
 * formatAddress({ family: 6, value: 1n }); // '::1'
 */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIpv4(Number(address.value)) : formatIpv6(address.value);
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function formatIpv6(value: bigint): string {
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** The first of the longest runs: only that one may become `::`. */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] !== '0') start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** Canonical form of an address text; `undefined` when the text is no address. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

/** Order for sorting: IPv4 before IPv6, then by number; 0 for the same address. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.value === b.value) return 0;
  return a.value < b.value ? -1 : 1;
}

/**
 * The address `offset` places further on (back when negative); `undefined` outside the family's space.
 *
 * @example
 * const gateway = addOffset(networkAddress(subnet), 1n);
 */
export function addOffset(address: Address, offset: bigint): Address | undefined {
  const value = address.value + offset;
  if (value < 0n || value >> BigInt(bitsOf(address.family)) !== 0n) return undefined;
  return { family: address.family, value };
}
