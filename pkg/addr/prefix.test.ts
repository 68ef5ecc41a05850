import fc from 'fast-check';
import {
  type AbstractIPNum,
  IPv4,
  IPv4CidrRange,
  IPv4Prefix,
  IPv6,
  IPv6CidrRange,
  IPv6Prefix,
  RangedSet,
} from 'ip-num';
import { describe, expect, it, test } from 'vitest';
import { bitsOf, formatAddress, parseAddress } from './address.ts';
import {
  broadcastAddress,
  canonicalPrefix,
  contains,
  firstHost,
  formatPrefix,
  hostPrefix,
  lastHost,
  maskLength,
  maskOf,
  networkAddress,
  networkOf,
  overlaps,
  type Prefix,
  parsePrefix,
} from './prefix.ts';

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`test data: ${text}`);
  return prefix;
}

const prefix4 = fc.record({
  address: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value) => ({ family: 4 as const, value })),
  length: fc.integer({ min: 0, max: 32 }),
});
const prefix6 = fc.record({
  address: fc.bigInt({ min: 1n << 64n, max: (1n << 128n) - 1n }).map((value) => ({ family: 6 as const, value })),
  length: fc.integer({ min: 0, max: 128 }),
});
const anyPrefix: fc.Arbitrary<Prefix> = fc.oneof(prefix4, prefix6);

function oracle(prefix: Prefix): IPv4CidrRange | IPv6CidrRange {
  return prefix.address.family === 4
    ? new IPv4CidrRange(new IPv4(prefix.address.value), new IPv4Prefix(BigInt(prefix.length)))
    : new IPv6CidrRange(new IPv6(prefix.address.value), new IPv6Prefix(BigInt(prefix.length)));
}

function rangeOf(prefix: Prefix): RangedSet<AbstractIPNum> {
  return new RangedSet<AbstractIPNum>(oracle(prefix).getFirst(), oracle(prefix).getLast());
}

describe('canonicalPrefix', () => {
  test.each([
    ['10.1.2.3/24', '10.1.2.3/24'],
    ['10.0.0.5/8', '10.0.0.5/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['10.1.2.3/024', '10.1.2.3/24'],
    ['FD00:99:0::8/64', 'fd00:99::8/64'],
    ['::/0', '::/0'],
    ['::1/128', '::1/128'],
    ['::ffff:1.2.3.4/120', '1.2.3.4/24'],
    ['::ffff:1.2.3.4/128', '1.2.3.4/32'],
    ['::ffff:1.2.3.4/64', '1.2.3.4/0'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalPrefix(text)).toBe(canonical);
  });

  test.each([
    '',
    '/',
    '/24',
    '10.1.2.3',
    '10.1.2.3/',
    '10.1.2.3/33',
    '10.1.2.3/-1',
    '10.1.2.3/+8',
    '10.1.2.3/8 ',
    '10.1.2.3/8/8',
    '10.1.2.3/1e1',
    '10.1.2.3/255.0.0.0',
    '10.01.2.3/24',
    '10.1.2/24',
    '::1/129',
    '::ffff:1.2.3.4/129',
    'fe80::1%eth0/64',
    `10.1.2.3/${'9'.repeat(100_000)}`,
  ])('%s is no prefix', (text) => {
    expect(canonicalPrefix(text)).toBeUndefined();
  });
});

describe('the addresses of a network', () => {
  test.each([
    // prefix, network, first host, last host, broadcast, mask
    ['10.1.2.3/24', '10.1.2.0', '10.1.2.1', '10.1.2.254', '10.1.2.255', '255.255.255.0'],
    ['10.1.2.3/29', '10.1.2.0', '10.1.2.1', '10.1.2.6', '10.1.2.7', '255.255.255.248'],
    ['10.1.2.3/30', '10.1.2.0', '10.1.2.1', '10.1.2.2', '10.1.2.3', '255.255.255.252'],
    ['10.1.2.3/31', '10.1.2.2', '10.1.2.2', '10.1.2.3', '10.1.2.3', '255.255.255.254'],
    ['10.1.2.3/32', '10.1.2.3', '10.1.2.3', '10.1.2.3', '10.1.2.3', '255.255.255.255'],
    ['10.1.2.3/0', '0.0.0.0', '0.0.0.1', '255.255.255.254', '255.255.255.255', '0.0.0.0'],
    [
      'fd00::5/64',
      'fd00::',
      'fd00::1',
      'fd00::ffff:ffff:ffff:ffff',
      'fd00::ffff:ffff:ffff:ffff',
      'ffff:ffff:ffff:ffff::',
    ],
    ['fd00::5/127', 'fd00::4', 'fd00::4', 'fd00::5', 'fd00::5', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe'],
  ])('%s', (text, network, first, last, broadcast, mask) => {
    const prefix = prefixOf(text);
    expect(formatAddress(networkAddress(prefix))).toBe(network);
    expect(formatAddress(firstHost(prefix))).toBe(first);
    expect(formatAddress(lastHost(prefix))).toBe(last);
    expect(formatAddress(broadcastAddress(prefix))).toBe(broadcast);
    expect(formatAddress(maskOf(prefix.address.family, prefix.length))).toBe(mask);
  });

  it('are the first and last of the range that ip-num makes of it', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(networkAddress(prefix).value).toBe(oracle(prefix).getFirst().getValue());
        expect(broadcastAddress(prefix).value).toBe(oracle(prefix).getLast().getValue());
        expect(networkOf(prefix)).toEqual({ address: networkAddress(prefix), length: prefix.length });
      }),
    );
  });
});

describe('masks', () => {
  it('keep their length', () => {
    for (const family of [4, 6] as const) {
      for (let length = 0; length <= bitsOf(family); length++) {
        expect(maskLength(maskOf(family, length))).toBe(length);
      }
    }
  });

  test.each(['255.0.255.0', '0.0.0.1', '127.255.255.255', 'ffff::1'])('%s is no mask', (text) => {
    const mask = parseAddress(text);
    expect(mask && maskLength(mask)).toBeUndefined();
  });
});

describe('contains and overlaps', () => {
  test.each([
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['0.0.0.0/0', '255.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '1.2.3.4', false],
    ['fd00:1::/32', 'fd00:1:2::3', true],
  ])('%s contains %s: %s', (prefix, text, expected) => {
    const address = parseAddress(text);
    expect(address && contains(prefixOf(prefix), address)).toBe(expected);
  });

  it('agree with ip-num', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(prefix4, prefix4), fc.tuple(prefix6, prefix6)), ([a, b]) => {
        const [first, second] = [rangeOf(a), rangeOf(b)];
        expect(contains(a, b.address)).toBe(first.contains(rangeOf(hostPrefix(b.address))));
        const shared = first.isEquals(second) || first.isOverlapping(second);
        expect(overlaps(a, b)).toBe(shared);
        expect(overlaps(b, a)).toBe(shared);
      }),
    );
  });
});

it('reads back what it wrote', () => {
  fc.assert(
    fc.property(anyPrefix, (prefix) => {
      expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix);
    }),
  );
});
