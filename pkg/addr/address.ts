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

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const GROUP = /^[\da-f]{1,4}$/i;

function parseIpv4(text: string): number | undefined {
  const octets = IPV4.exec(text);
  if (octets === null) return undefined;
  let value = 0;
  for (let index = 1; index <= 4; index++) {
    const octet = Number(octets[index]);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

function parseIpv6(text: string): Address | undefined {
  const groups = readGroups(text);
  if (groups?.every((group) => GROUP.test(group)) !== true) return undefined;
  const value = BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** The eight groups of an IPv6 text, with `::` and an IPv4 tail written out. */
function readGroups(text: string): readonly string[] | undefined {
  const halves = (withoutIpv4Tail(text) ?? '').split('::');
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (tail === undefined) return head.length === 8 ? head : undefined;
  const zeros = 8 - head.length - tail.length;
  // There is one `::`, and it stands for one group at least.
  return halves.length > 2 || zeros < 1 ? undefined : [...head, ...Array<string>(zeros).fill('0'), ...tail];
}

/** With the last two groups in hexadecimal digits, where they are written as an IPv4 address. */
function withoutIpv4Tail(text: string): string | undefined {
  const start = text.lastIndexOf(':') + 1;
  if (!text.includes('.', start)) return text;
  const tail = parseIpv4(text.slice(start));
  if (tail === undefined) return undefined;
  return `${text.slice(0, start)}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
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
