import { type Address, addOffset, compareAddresses } from '../addr/address.ts';
import { broadcastAddress, contains } from '../addr/prefix.ts';
import { inRange, isGivable, type Range, type RangeSet } from './range.ts';

/** An address that may be given, and the range it is from. */
export interface Candidate {
  readonly address: Address;
  readonly range: Range;
}

/**
 * Every address of a set that a container may have, each once, in the order in which they are tried: from the one
 * after `last` to the end, then from the beginning up to `last` itself. A `last` outside the set counts as none.
 */
export function* candidates(set: RangeSet, last: Address | undefined): Generator<Candidate> {
  const at = last === undefined ? -1 : set.findIndex((range) => inRange(range, last));
  const current = set[at];
  if (current === undefined || last === undefined) {
    for (const range of set) yield* between(range, range.start, range.end);
    return;
  }
  const after = addOffset(last, 1n);
  if (after !== undefined) yield* between(current, after, current.end);
  for (const range of [...set.slice(at + 1), ...set.slice(0, at)]) yield* between(range, range.start, range.end);
  yield* between(current, current.start, last);
}

function* between(range: Range, from: Address, to: Address): Generator<Candidate> {
  let address: Address | undefined = from;
  while (address !== undefined && compareAddresses(address, to) <= 0) {
    if (isGivable(range, address)) yield { address, range };
    address = addOffset(skipExcluded(range, address), 1n);
  }
}

/** The last address of the excluded network that the address is in; else the address. A /64 must not be stepped through. */
function skipExcluded(range: Range, address: Address): Address {
  const excluded = range.exclude.find((prefix) => contains(prefix, address));
  return excluded === undefined ? address : broadcastAddress(excluded);
}
