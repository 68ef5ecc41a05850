import { isIP } from 'node:net';
import fc from 'fast-check';
import { IPv4, IPv6 } from 'ip-num';
import { describe, expect, it, test } from 'vitest';
import {
  type Address,
  addOffset,
  bitsOf,
  canonicalAddress,
  compareAddresses,
  formatAddress,
  parseAddress,
} from './address.ts';

const ipv4 = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value): Address => ({ family: 4, value }));
/** Sparse values, so that runs of zero groups are common. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n))
  .filter((value) => value >> 32n !== 0xffffn)
  .map((value): Address => ({ family: 6, value }));
const address = fc.oneof(ipv4, ipv6);

describe('canonicalAddress', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:0:1:0:0:0', '2001:db8:0:0:1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['fd00:99::8', 'fd00:99::8'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::ffff:0102:0304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each([
    '',
    ' 10.1.2.3',
    '10.1.2.3 ',
    '10.1.2',
    '10.1.2.3.4',
    '10.1.2.256',
    '10.1.2.03',
    '10.1.2.00',
    '10.1.2.',
    '10.1.2.-1',
    '10.1.2.0x1',
    '１0.1.2.3',
    '10.1.2.3/24',
    ':',
    ':::',
    '1',
    '1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::8',
    '1::2::3',
    '::12345',
    '::g',
    ':1::',
    '1:::2',
    'fe80::1%eth0',
    'fe80::1%',
    '[::1]',
    '::1.2.3',
    '::01.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    `${'0:'.repeat(100_000)}1`,
  ])('%s is no address', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });
});

describe('against other implementations', () => {
  it('accepts exactly the texts that Node takes for an address without a zone', () => {
    const nearlyAddress = fc
      .array(fc.constantFrom('1', '0', '25', 'ff', '255', '256', ':', '::', '.', '1.2.3.4', 'fe80', '%'), {
        maxLength: 16,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(nearlyAddress, fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });

  it('reads the same numbers as ip-num', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(parseAddress(text)?.value).toBe(new IPv4(text).getValue());
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const mine = parseAddress(text);
        fc.pre(mine?.family === 6 && !text.includes('.'));
        expect(mine?.value).toBe(new IPv6(text).getValue());
      }),
    );
  });

  it('writes texts that ip-num reads as the same number', () => {
    fc.assert(
      fc.property(ipv6, (ip) => {
        expect(new IPv6(formatAddress(ip)).getValue()).toBe(ip.value);
      }),
    );
  });

  it('agrees with the URL standard on RFC 5952', () => {
    fc.assert(
      fc.property(ipv6, (ip) => {
        expect(new URL(`http://[${formatAddress(ip)}]`).hostname).toBe(`[${formatAddress(ip)}]`);
      }),
    );
  });
});

describe('properties', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(address, (ip) => {
        expect(parseAddress(formatAddress(ip))).toEqual(ip);
      }),
    );
  });

  it('comes back from every offset that stays inside the family', () => {
    fc.assert(
      fc.property(address, fc.bigInt({ min: -(1n << 33n), max: 1n << 33n }), (ip, offset) => {
        const moved = addOffset(ip, offset);
        const target = ip.value + offset;
        const inside = target >= 0n && target < 1n << BigInt(bitsOf(ip.family));
        expect(moved?.value).toBe(inside ? target : undefined);
        if (moved) expect(Math.sign(compareAddresses(moved, ip))).toBe(offset === 0n ? 0 : offset < 0n ? -1 : 1);
      }),
    );
  });

  it('sorts IPv4 before IPv6', () => {
    fc.assert(
      fc.property(ipv4, ipv6, (four, six) => {
        expect(compareAddresses(four, six)).toBeLessThan(0);
        expect(compareAddresses(six, four)).toBeGreaterThan(0);
      }),
    );
  });
});
