import { formatAddress, parseAddress } from '../addr/address.ts';
import { formatPrefix } from '../addr/prefix.ts';
import type { JudgedLease } from './choose.ts';
import type { Verdict } from './liveness.ts';
import { capacity, inRange, type Range, type RangeSet } from './range.ts';

/** What is said of a lease with a verdict. */
export const DEAD_BECAUSE: Readonly<Record<Verdict, string>> = {
  alive: 'its namespace is there',
  'before-boot': 'it is from before this boot',
  'namespace-gone': 'its network namespace is gone',
  unknown: 'nothing is known about it',
};

const COUNTED: readonly (readonly [Verdict, string])[] = [
  ['alive', 'alive'],
  ['before-boot', 'from before this boot'],
  ['namespace-gone', 'whose namespace is gone'],
  ['unknown', 'of unknown state'],
];

/**
 * How a set is used, range by range.
 *
 * @example
 * describeUse(set, leases); // 'range 10.42.1.0/24: 254 leases, 14 alive, 240 from before this boot'
 */
export function describeUse(set: RangeSet, leases: readonly JudgedLease[]): string {
  return set.map((range) => describeRange(range, leases)).join('; ');
}

/**
 * What keeps a set from ever giving an address, by the key of the configuration; `undefined` for one that has some.
 *
 * @example
 * emptySet(set, 'ipam.ranges[0]'); // 'key "ipam.ranges[0]": found 10.1.0.0/24 from 10.1.0.1 to 10.1.0.1, in which …'
 */
export function emptySet(set: RangeSet, key = 'ipam.ranges'): string | undefined {
  if (capacity(set) > 0n) return undefined;
  const ranges = set.map(({ subnet, start, end }) => {
    return `${formatPrefix(subnet)} from ${formatAddress(start)} to ${formatAddress(end)}`;
  });
  const without = 'in which nothing is left without the gateway and what "exclude" keeps back';
  return `key "${key}": found ${ranges.join(', ')}, ${without}, expected addresses for containers`;
}

function describeRange(range: Range, leases: readonly JudgedLease[]): string {
  const own = leases.filter(({ lease }) => {
    const address = parseAddress(lease.address);
    return address !== undefined && inRange(range, address);
  });
  const counts = COUNTED.flatMap(([verdict, words]) => {
    const count = own.filter((judged) => judged.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  return `range ${formatPrefix(range.subnet)}: ${[`${own.length} leases`, ...counts].join(', ')}`;
}

/** What a person can do about a set without a free address. */
export function howToGetFree(folder: string, dead: number, mayReclaim: boolean): string {
  if (dead > 0 && !mayReclaim) {
    return `"reclaim": false keeps the ${dead} dead ones; without it they are freed when they are needed`;
  }
  return `delete pods, make the range larger, or remove from ${folder} the files of containers that are gone`;
}
