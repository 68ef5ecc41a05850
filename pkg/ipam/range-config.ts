import { type Address, canonicalAddress, formatAddress, parseAddress } from '../addr/address.ts';
import {
  broadcastAddress,
  formatPrefix,
  hostPrefix,
  networkAddress,
  networkOf,
  type Prefix,
  parsePrefix,
} from '../addr/prefix.ts';
import { configError } from '../config/config-error.ts';
import { defaultEnd, defaultStart, inRange, type Range, type RangeSet, rangesOverlap, rangeText } from './range.ts';

/** A range as it is configured. */
export interface RangeConfig {
  readonly subnet?: string | undefined;
  readonly rangeStart?: string | undefined;
  readonly rangeEnd?: string | undefined;
  readonly gateway?: string | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** A range set as it is configured, and the keys that it and its ranges come from. */
export interface RangeSetConfig {
  readonly key: string;
  readonly ranges: readonly { readonly key: string; readonly config: RangeConfig }[];
}

/** Bits that have to be left for hosts. */
const FEWEST_HOST_BITS = 2;

/**
 * Reads range sets and fills in what is not configured. Messages are the reference's.
 *
 * @throws {CniError} code 7
 */
export function readRangeSets(configs: readonly RangeSetConfig[]): readonly RangeSet[] {
  // Texts that are no addresses at all are found first, wherever they are.
  for (const { ranges } of configs) for (const { config, key } of ranges) checkTexts(config, key);
  const sets: RangeSet[] = [];
  for (const config of configs) sets.push(readSet(config, `invalid range set ${sets.length}: `));
  return sets;
}

function checkTexts(range: RangeConfig, key: string): void {
  if (range.subnet !== undefined && parsePrefix(range.subnet) === undefined) {
    const expected = 'a network such as "10.1.2.0/24" or "fd00::/64"';
    throw configError(`invalid CIDR address: ${range.subnet}`, `${key}.subnet`, range.subnet, expected);
  }
  for (const name of ['rangeStart', 'rangeEnd', 'gateway'] as const) {
    const text = range[name];
    if (text === undefined || text === '' || canonicalAddress(text) !== undefined) continue;
    const expected = 'an address such as "10.1.2.1" or "fd00::1"';
    throw configError(`invalid IP address: ${text}`, `${key}.${name}`, text, expected);
  }
  let at = -1;
  for (const text of range.exclude ?? []) {
    at += 1;
    if (excludedPrefix(text) !== undefined) continue;
    const expected = 'an address or a network such as "10.1.2.3" or "10.1.2.0/28"';
    throw configError(`invalid CIDR address: ${text}`, `${key}.exclude[${at}]`, text, expected);
  }
}

function readSet({ key, ranges }: RangeSetConfig, failure: string): RangeSet {
  if (ranges.length === 0) throw configError(`${failure}empty range set`, key, [], 'at least one range in it');
  const set: Range[] = [];
  for (const range of ranges) set.push(readRange(range.config, range.key, failure));
  // What follows is about ranges beside each other.
  if (set.length === 1) return set;
  for (const [at, range] of set.entries()) {
    if (range.start.family === set[0]?.start.family) continue;
    const { key: rangeKey = key, config } = ranges[at] ?? {};
    const expected = 'the family of the first range';
    throw configError(`${failure}mixed address families`, `${rangeKey}.subnet`, config?.subnet, expected);
  }
  for (const [at, range] of set.entries()) {
    const other = set.slice(at + 1).find((candidate) => rangesOverlap(range, candidate));
    if (other === undefined) continue;
    const message = `${failure}subnets ${rangeText(range)} and ${rangeText(other)} overlap`;
    throw configError(message, key, ranges, 'ranges that share no address');
  }
  return set;
}

function readRange(config: RangeConfig, key: string, failure: string): Range {
  const subnet = readSubnet(config.subnet, `${key}.subnet`, failure);
  const optional = (text: string | undefined): Address | undefined => parseAddress(text ?? '');
  const start = optional(config.rangeStart);
  const end = optional(config.rangeEnd);
  const network = formatPrefix(subnet);
  const whole: Range = {
    subnet,
    start: networkAddress(subnet),
    end: broadcastAddress(subnet),
    gateway: optional(config.gateway) ?? defaultStart(subnet),
    exclude: excludedPrefixes(config.exclude ?? []),
  };
  // The end bounds the start as well: of two ends in the wrong order the first one is named.
  if (start !== undefined && !inRange({ ...whole, end: end ?? whole.end }, start)) {
    const message = `${failure}RangeStart ${formatAddress(start)} not in network ${network}`;
    throw configError(message, `${key}.rangeStart`, config.rangeStart, expectedWithin(network, 'rangeEnd', end));
  }
  const first = start ?? defaultStart(subnet);
  if (end !== undefined && !inRange({ ...whole, start: first }, end)) {
    const message = `${failure}RangeEnd ${formatAddress(end)} not in network ${network}`;
    throw configError(message, `${key}.rangeEnd`, config.rangeEnd, expectedWithin(network, 'rangeStart', first));
  }
  return { ...whole, start: first, end: end ?? defaultEnd(subnet) };
}

function excludedPrefixes(texts: readonly string[]): readonly Prefix[] {
  const prefixes: Prefix[] = [];
  for (const text of texts) {
    const prefix = excludedPrefix(text);
    if (prefix !== undefined) prefixes.push(prefix);
  }
  return prefixes;
}

function readSubnet(text: string | undefined, key: string, failure: string): Prefix {
  const subnet = text === undefined ? undefined : parsePrefix(text);
  if (text === undefined || subnet === undefined) {
    throw configError(`${failure}IP <nil> not v4 nor v6`, key, text, 'a network such as "10.1.2.0/24"');
  }
  const bits = subnet.address.family === 4 ? 32 : 128;
  if (subnet.length > bits - FEWEST_HOST_BITS) {
    const message = `${failure}Network ${formatPrefix(subnet)} too small to allocate from`;
    throw configError(message, key, text, `a prefix length of ${bits - FEWEST_HOST_BITS} or less`);
  }
  if (subnet.address.family === 4 && text.includes(':')) {
    const message = `${failure}IPNet IP and Mask version mismatch`;
    throw configError(message, key, text, `the same in IPv4 notation, "${formatPrefix(subnet)}"`);
  }
  const network = networkOf(subnet);
  if (network.address.value === subnet.address.value) return subnet;
  const address = formatAddress(network.address);
  const why = `Network has host bits set. For a subnet mask of length ${subnet.length} the network address is ${address}`;
  throw configError(`${failure}${why}`, key, text, `"${formatPrefix(network)}"`);
}

function expectedWithin(network: string, otherKey: string, other: Address | undefined): string {
  const relation = otherKey === 'rangeEnd' ? 'not after' : 'not before';
  const bound = other === undefined ? '' : ` and ${relation} "${otherKey}" (${formatAddress(other)})`;
  return `an address in ${network}${bound}`;
}

function excludedPrefix(text: string): Prefix | undefined {
  const address = parseAddress(text);
  return address === undefined ? parsePrefix(text) : hostPrefix(address);
}
