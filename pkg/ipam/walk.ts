import { type Address, addOffset, compareAddresses } from '../addr/address.ts';
import { broadcastAddress, contains } from '../addr/prefix.ts';
import { inRange, isAllocatable, type Range, type RangeSet } from './range.ts';

/** What somebody makes of an address that a container may have; `undefined` when he wants the next one. */
type Accept<Found> = (address: Address, range: Range) => Found | undefined;

/**
 * The first of a set's addresses that is accepted, as what was made of it. Every address that a container may have is
 * shown once: from the one after `last` to the end, then from the beginning up to `last` itself. A `last` outside the
 * set counts as none.
 */
export function firstCandidate<Found>(
  set: RangeSet,
  last: Address | undefined,
  accept: Accept<Found>,
): Found | undefined {
  const at = last === undefined ? -1 : rangeIndexOf(set, last);
  const current = set[at];
  if (current === undefined || last === undefined) return firstInRanges(set, accept);
  const after = addOffset(last, 1n);
  return (
    (after && firstBetween(current, after, current.end, accept)) ??
    firstInRanges(set.slice(at + 1), accept) ??
    firstInRanges(set.slice(0, at), accept) ??
    firstBetween(current, current.start, last, accept)
  );
}

function rangeIndexOf(set: RangeSet, address: Address): number {
  for (let index = 0; index < set.length; index++) {
    const range = set[index];
    if (range !== undefined && inRange(range, address)) return index;
  }
  return -1;
}

function firstInRanges<Found>(ranges: readonly Range[], accept: Accept<Found>): Found | undefined {
  for (const range of ranges) {
    const found = firstBetween(range, range.start, range.end, accept);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstBetween<Found>(range: Range, from: Address, to: Address, accept: Accept<Found>): Found | undefined {
  let address: Address | undefined = from;
  while (address !== undefined && compareAddresses(address, to) <= 0) {
    const found = isAllocatable(range, address) ? accept(address, range) : undefined;
    if (found !== undefined) return found;
    address = addOffset(skipExcluded(range, address), 1n);
  }
  return undefined;
}

/** The last address of the excluded network that the address is in; else the address. A /64 must not be stepped through. */
function skipExcluded(range: Range, address: Address): Address {
  for (const prefix of range.exclude) if (contains(prefix, address)) return broadcastAddress(prefix);
  return address;
}
