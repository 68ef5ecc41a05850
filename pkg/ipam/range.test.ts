import fc from 'fast-check';
import { IPv4CidrRange, IPv6CidrRange } from 'ip-num';
import { describe, expect, it } from 'vitest';
import { type Address, bitsOf, type Family, formatAddress, parseAddress } from '../addr/address.ts';
import { formatPrefix, networkOf, type Prefix, parsePrefix } from '../addr/prefix.ts';
import { capacity, defaultEnd, defaultStart, inRange, type Range, rangesOverlap, rangeText } from './range.ts';
import { firstCandidate } from './walk.ts';

const family = fc.constantFrom<Family>(4, 6);

/** Networks that are small enough to be gone through. */
const network: fc.Arbitrary<Prefix> = family.chain((of) => {
  const bits = bitsOf(of);
  const low = of === 4 ? 1n << 24n : 1n << 120n;
  return fc
    .tuple(fc.bigInt({ min: low, max: (1n << BigInt(bits)) - 1n }), fc.integer({ min: bits - 7, max: bits - 2 }))
    .map(([value, length]) => networkOf({ address: { family: of, value }, length }));
});

/** A range with ends, a gateway and excluded parts anywhere in its network. */
const range: fc.Arbitrary<Range> = network.chain((subnet) => {
  const { family: of, value } = subnet.address;
  const size = 1 << (bitsOf(of) - subnet.length);
  const place = fc.integer({ min: 0, max: size - 1 }).map((at): Address => ({ family: of, value: value + BigInt(at) }));
  const excluded = fc
    .tuple(place, fc.integer({ min: 0, max: 3 }))
    .map(([address, hosts]) => networkOf({ address, length: bitsOf(of) - hosts }));
  return fc.tuple(place, place, place, fc.array(excluded, { maxLength: 3 })).map(([a, b, gateway, exclude]) => {
    const [start, end] = a.value <= b.value ? [a, b] : [b, a];
    return { subnet, start, end, gateway, exclude };
  });
});

/** The same network in the words of ip-num. */
function oracle(prefix: Prefix): IPv4CidrRange | IPv6CidrRange {
  const text = formatPrefix(prefix);
  return prefix.address.family === 4 ? IPv4CidrRange.fromCidr(text) : IPv6CidrRange.fromCidr(text);
}

function numbersOf(prefix: Prefix): bigint[] {
  const whole = oracle(prefix);
  const first = whole.getFirst().getValue();
  return Array.from({ length: Number(whole.getSize()) }, (_, at) => first + BigInt(at));
}

/** What a range gives, by the definition and without cleverness. */
function givable(one: Range): bigint[] {
  const excluded = new Set(one.exclude.flatMap(numbersOf));
  return numbersOf(one.subnet).filter(
    (value) =>
      value >= one.start.value && value <= one.end.value && value !== one.gateway.value && !excluded.has(value),
  );
}

describe('range arithmetic, against ip-num', () => {
  it('has the default ends of a network', () => {
    fc.assert(
      fc.property(network, (subnet) => {
        const whole = oracle(subnet);
        const last = whole.getLast().getValue();
        expect(defaultStart(subnet).value).toBe(whole.getFirst().getValue() + 1n);
        expect(defaultEnd(subnet).value).toBe(subnet.address.family === 4 ? last - 1n : last);
      }),
    );
  });

  it('walks every address that may be given, each once, whatever was given last', () => {
    fc.assert(
      fc.property(range, fc.option(fc.nat(200)), (one, offset) => {
        const last = offset === null ? undefined : { ...one.start, value: one.subnet.address.value + BigInt(offset) };
        const walked = candidates([one], last).map(({ address }) => address.value);
        const expected = givable(one);
        expect([...walked].sort(ascending)).toEqual(expected);
        // From the one after the last, and around.
        const start = last === undefined || !inRange(one, last) ? one.start.value : last.value + 1n;
        const turned = [...expected.filter((value) => value >= start), ...expected.filter((value) => value < start)];
        expect(walked).toEqual(turned);
        expect(capacity([one])).toBe(BigInt(expected.length));
      }),
    );
  });

  it('knows which ranges overlap', () => {
    fc.assert(
      fc.property(range, range, fc.boolean(), (a, b, isShifted) => {
        const other = isShifted ? { ...b, start: a.end, end: { ...a.end, value: a.end.value + 3n } } : b;
        const shares =
          a.start.family === other.start.family && a.start.value <= other.end.value && other.start.value <= a.end.value;
        expect(rangesOverlap(a, other)).toBe(shares);
        expect(rangesOverlap(other, a)).toBe(shares);
      }),
    );
  });

  it('steps over an excluded /64 at once', () => {
    const address = (text: string) => parseAddress(text) ?? { family: 6 as const, value: 0n };
    const prefix = (text: string) => parsePrefix(text) ?? { address: address('::'), length: 0 };
    const wide: Range = {
      subnet: prefix('fd00::/48'),
      start: address('fd00::1'),
      end: address('fd00:0:0:ffff:ffff:ffff:ffff:ffff'),
      gateway: address('fd00::1'),
      exclude: [prefix('fd00::/64'), prefix('fd00:0:0:1::/64')],
    };
    expect(firstCandidate([wide], undefined, (first) => formatAddress(first))).toBe('fd00:0:0:2::');
    expect(rangeText(wide)).toBe('fd00::1-fd00::ffff:ffff:ffff:ffff:ffff');
  });
});

describe('candidates of several ranges', () => {
  it('goes on in the next range and comes back to the first', () => {
    fc.assert(
      fc.property(fc.uniqueArray(range, { minLength: 1, maxLength: 3, selector: rangeText }), fc.nat(), (set, seed) => {
        const all = set.flatMap((one) => givable(one).map((value) => `${rangeText(one)} ${value}`));
        const from = set[seed % set.length];
        const shown = candidates(set, from?.end).map(
          (candidate) => `${rangeText(candidate.range)} ${candidate.address.value}`,
        );
        expect([...shown].sort()).toEqual([...all].sort());
      }),
    );
  });
});

/** All that are shown, in order. */
function candidates(set: readonly Range[], last: Address | undefined): { address: Address; range: Range }[] {
  const shown: { address: Address; range: Range }[] = [];
  firstCandidate(set, last, (address, range) => {
    shown.push({ address, range });
    return undefined;
  });
  return shown;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
