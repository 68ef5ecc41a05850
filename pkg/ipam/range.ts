import { type Address, compareAddresses, formatAddress } from '../addr/address.ts';
import { broadcastAddress, contains, firstHost, lastHost, networkAddress, type Prefix } from '../addr/prefix.ts';

/** A run of addresses in one subnet, both ends included. */
export interface Range {
  readonly subnet: Prefix;
  readonly start: Address;
  readonly end: Address;
  /** Never given to a container, even where it lies in the range; it may also lie elsewhere. */
  readonly gateway: Address;
  /** Parts of the range that are not given either. */
  readonly exclude: readonly Prefix[];
}

/** Ranges of one family of which an attachment gets one address together. */
export type RangeSet = readonly Range[];

/** Whether an address lies between the ends of a range; the gateway and excluded addresses do too. */
export function inRange(range: Range, address: Address): boolean {
  return (
    address.family === range.start.family &&
    compareAddresses(address, range.start) >= 0 &&
    compareAddresses(address, range.end) <= 0
  );
}

/** The range of a set that an address lies in. */
export function rangeOf(set: RangeSet, address: Address): Range | undefined {
  for (const range of set) if (inRange(range, address)) return range;
  return undefined;
}

/** Whether a container may have the address; it has to lie in the range. */
export function isAllocatable(range: Range, address: Address): boolean {
  if (compareAddresses(address, range.gateway) === 0) return false;
  for (const prefix of range.exclude) if (contains(prefix, address)) return false;
  return true;
}

/** Whether two ranges share an address. */
export function rangesOverlap(a: Range, b: Range): boolean {
  return inRange(a, b.start) || inRange(b, a.start);
}

/** Whether two sets share an address. */
export function setsOverlap(a: RangeSet, b: RangeSet): boolean {
  return a.some((range) => b.some((other) => rangesOverlap(range, other)));
}

/** A range as messages show it: `10.1.2.1-10.1.2.254`. */
export function rangeText(range: Range): string {
  return `${formatAddress(range.start)}-${formatAddress(range.end)}`;
}

/** A set as messages show it: its ranges with commas between them. */
export function setText(set: RangeSet): string {
  return set.map(rangeText).join(',');
}

/** The address after a network's own: first of a range and gateway, unless something else is configured. */
export function defaultStart(subnet: Prefix): Address {
  return firstHost(subnet);
}

/** The last address of a range unless something else is configured. */
export function defaultEnd(subnet: Prefix): Address {
  return lastHost(subnet);
}

/** How many addresses of a set a container may have. */
export function capacity(set: RangeSet): bigint {
  return set.reduce((sum, range) => sum + rangeCapacity(range), 0n);
}

function rangeCapacity(range: Range): bigint {
  let count = 0n;
  let next = range.start.value;
  // Excluded parts may overlap each other, so they are gone through in order.
  for (const [first, last] of blockedSpans(range)) {
    if (last < next) continue;
    if (first > range.end.value) break;
    if (first > next) count += first - next;
    next = last + 1n;
  }
  return next > range.end.value ? count : count + range.end.value - next + 1n;
}

function blockedSpans(range: Range): [bigint, bigint][] {
  const { family } = range.start;
  const spans = range.exclude.map((prefix) => spanOf(prefix));
  if (range.gateway.family === family) spans.push([range.gateway.value, range.gateway.value]);
  return spans.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function spanOf(prefix: Prefix): [bigint, bigint] {
  return [networkAddress(prefix).value, broadcastAddress(prefix).value];
}
