import { describe, expect, it, test } from 'vitest';
import * as z from 'zod/mini';
import { CniError } from '../types/error.ts';
import { readConfig } from './read.ts';

const SCHEMA = z.object({
  mtu: z._default(z.int().check(z.minimum(0)), 0),
  vlan: z.optional(z.int().check(z.refine((id) => id < 4095, { error: 'a VLAN ID between 0 and 4094' }))),
  isGateway: z.optional(z.boolean()),
  mode: z.optional(z.enum(['bridge', 'private'])),
  names: z.optional(z.array(z.string()).check(z.maxLength(2))),
  ipam: z.optional(
    z.object({ type: z.string(), routes: z.optional(z.array(z.object({ gw: z.optional(z.string()) }))) }),
  ),
  sysctl: z.optional(z.record(z.string(), z.string())),
  limit: z.optional(z.union([z.string(), z.object({ rate: z.int() })])),
});

const read = (raw: unknown) => readConfig(SCHEMA, raw, 'failed to load netconf');

function problemOf(raw: unknown): unknown {
  try {
    return read(raw);
  } catch (thrown) {
    return thrown;
  }
}

describe('what fits', () => {
  test.each<[string, unknown, unknown]>([
    ['defaults are filled in', {}, { mtu: 0 }],
    ['keys in any case', { MTU: 9, Ipam: { TYPE: 'x' } }, { mtu: 9, ipam: { type: 'x' } }],
    ['null is absent', { mtu: null, isGateway: null }, { mtu: 0 }],
    ['unknown keys are left out', { x: 1, name: 'net' }, { mtu: 0 }],
    ['free-form maps stay', { sysctl: { 'Net.A': '1' } }, { mtu: 0, sysctl: { 'Net.A': '1' } }],
    ['hostile keys do nothing', JSON.parse('{"__proto__":{"mtu":7},"constructor":{"mtu":8}}'), { mtu: 0 }],
    ['one type of several', { limit: { RATE: 1 } }, { mtu: 0, limit: { rate: 1 } }],
  ])('%s', (_, raw, conf) => {
    expect(read(raw).conf).toEqual(conf);
  });

  it('a slip is warned of', () => {
    expect(read({ isGatway: true }).warnings).toEqual(['unknown key "isGatway" is ignored; did you mean "isGateway"?']);
  });
});

describe('what does not fit says key, found and expected', () => {
  test.each<[unknown, string]>([
    [{ mtu: '1500' }, 'key "mtu": found string "1500", expected a whole number'],
    [{ MTU: '1500' }, 'key "mtu": found string "1500", expected a whole number'],
    [{ mtu: 1.5 }, 'key "mtu": found number 1.5, expected a whole number'],
    [{ mtu: -1 }, 'key "mtu": found number -1, expected at least 0'],
    [{ mtu: 1e300 }, 'key "mtu": found number 1e+300, expected at most 9007199254740991'],
    [{ mtu: true }, 'key "mtu": found bool true, expected a whole number'],
    [{ vlan: 4095 }, 'key "vlan": found number 4095, expected a VLAN ID between 0 and 4094'],
    [{ isGateway: 'true' }, 'key "isGateway": found string "true", expected true or false'],
    [{ isGateway: 1 }, 'key "isGateway": found number 1, expected true or false'],
    [{ mode: 'vepa' }, 'key "mode": found string "vepa", expected one of "bridge", "private"'],
    [{ names: 'a' }, 'key "names": found string "a", expected a list'],
    [{ names: ['a', 1] }, 'key "names[1]": found number 1, expected a text'],
    [{ names: [null] }, 'key "names[0]": found null, expected a text'],
    [{ names: ['a', 'b', 'c'] }, 'key "names": found array of length 3, expected at most 2'],
    [{ ipam: [] }, 'key "ipam": found array of length 0, expected an object'],
    [{ ipam: {} }, 'key "ipam.type": found nothing, expected a text'],
    [{ ipam: { type: 'x', Routes: [{ GW: 1 }] } }, 'key "ipam.routes[0].gw": found number 1, expected a text'],
    [{ sysctl: { 'net.a': 1 } }, 'key "sysctl.net.a": found number 1, expected a text'],
    [{ sysctl: [] }, 'key "sysctl": found array of length 0, expected an object'],
    [{ limit: 1 }, 'key "limit": found number 1, expected a text or an object'],
    [{ limit: { rate: 'x' } }, 'key "limit.rate": found string "x", expected a whole number'],
    [1, 'the configuration: found number 1, expected an object'],
  ])('%j', (raw, problem) => {
    expect(problemOf(raw)).toMatchObject({ code: 7, message: `failed to load netconf: ${problem}`, details: '' });
  });

  it('of several problems all', () => {
    expect(problemOf({ mtu: 'x', isGateway: 1, names: {} })).toMatchObject({
      message: 'failed to load netconf: key "mtu": found string "x", expected a whole number',
      details:
        'also: key "isGateway": found number 1, expected true or false; key "names": found empty object, expected a list',
    });
  });

  it('of very many the first ten', () => {
    const thrown = problemOf({ ipam: { type: 'x', routes: Array.from({ length: 49_000 }, () => 1) } });
    expect(thrown).toBeInstanceOf(CniError);
    expect(String(thrown)).toContain('key "ipam.routes[9]": found number 1');
    expect(String(thrown)).toMatch(/; and 48990 more$/);
    expect(String(thrown).length).toBeLessThan(1000);
  });

  it('a long value by its beginning', () => {
    expect(String(problemOf({ mtu: 'x'.repeat(1_000_000) })).length).toBeLessThan(200);
  });
});
