import { describe, expect, it, test } from 'vitest';
import * as z from 'zod/mini';
import { foldKeys, keyPath } from './fold-keys.ts';

const SCHEMA = z.object({
  mtu: z.optional(z.int()),
  isGateway: z._default(z.boolean(), false),
  ipam: z.optional(
    z.object({ type: z.optional(z.string()), routes: z.optional(z.array(z.object({ dst: z.string() }))) }),
  ),
  sysctl: z.optional(z.record(z.string(), z.string())),
  port: z.optional(z.union([z.string(), z.object({ hostPort: z.int() }), z.array(z.object({ hostPort: z.int() }))])),
});

const fold = (value: unknown) => foldKeys(SCHEMA, value);

describe('keys', () => {
  test.each<[string, unknown, unknown]>([
    ['spelled as in the schema stay', { mtu: 1 }, { mtu: 1 }],
    ['in another case are spelled as in the schema', { MTU: 1, ISGATEWAY: true }, { mtu: 1, isGateway: true }],
    ['inside objects too', { IPAM: { TYPE: 'x' } }, { ipam: { type: 'x' } }],
    [
      'inside lists too',
      { Ipam: { Routes: [{ DST: 'a' }, { Dst: 'b' }] } },
      { ipam: { routes: [{ dst: 'a' }, { dst: 'b' }] } },
    ],
    ['inside an object among several types too', { Port: { HOSTPORT: 1 } }, { port: { hostPort: 1 } }],
    ['inside a list among several types too', { Port: [{ HOSTPORT: 1 }] }, { port: [{ hostPort: 1 }] }],
    ['of a type among several stay', { port: 'x' }, { port: 'x' }],
    ['in free-form maps stay', { SysCtl: { 'Net.X': 'a', 'net.x': 'b' } }, { sysctl: { 'Net.X': 'a', 'net.x': 'b' } }],
    ['that are unknown stay', { Foo: { BAR: 1 } }, { Foo: { BAR: 1 } }],
    ['that are null are absent', { mtu: null, foo: null }, {}],
    ['that are null do not hide the same key in another case', { mtu: null, MTU: 2 }, { mtu: 2 }],
    ['that are null in another case hide nothing', { mtu: 1, MTU: null }, { mtu: 1 }],
    ['spelled exactly are preferred to later ones', { mtu: 1, MTU: 2 }, { mtu: 1 }],
    ['spelled exactly are preferred to earlier ones', { MTU: 2, mtu: 1 }, { mtu: 1 }],
    ['spelled otherwise: the last one wins', { MTU: 1, Mtu: 2 }, { mtu: 2 }],
    ['of a wrong type are left to the check', { ipam: 'x', sysctl: [1] }, { ipam: 'x', sysctl: [1] }],
  ])('%s', (_, value, folded) => {
    expect({ ...(fold(value).value as object) }).toEqual(folded);
  });

  test.each([1, 'x', null, [1], true])('%j is no configuration and stays', (value) => {
    expect(fold(value).value).toEqual(value);
  });

  it('called like parts of every object are keys and nothing else', () => {
    const { value } = fold(JSON.parse('{"__proto__":{"mtu":9},"constructor":1,"toString":2,"IPAM":{"__proto__":3}}'));
    expect(Object.entries(value as object).map(([key]) => key)).toEqual([
      '__proto__',
      'constructor',
      'toString',
      'ipam',
    ]);
    expect((value as { mtu?: number }).mtu).toBeUndefined();
    expect(({} as { mtu?: number }).mtu).toBeUndefined();
  });
});

describe('slips', () => {
  test.each<[unknown, string[]]>([
    [{ isGatway: true }, ['unknown key "isGatway" is ignored; did you mean "isGateway"?']],
    [{ ISGATWAY: true }, ['unknown key "ISGATWAY" is ignored; did you mean "isGateway"?']],
    [{ ipma: {} }, ['unknown key "ipma" is ignored; did you mean "ipam"?']],
    [{ ipam: { route: [] } }, ['unknown key "ipam.route" is ignored; did you mean "routes"?']],
    [{ ipam: { routes: [{ dts: 'x' }] } }, ['unknown key "ipam.routes[0].dts" is ignored; did you mean "dst"?']],
    [{ prevResutl: {} }, ['unknown key "prevResutl" is ignored; did you mean "prevResult"?']],
    [{ isGatway: null }, []],
    [{ PREVRESULT: {}, name: 'x', TYPE: 'y', 'cni.dev/attachments': [] }, []],
    [{ comment: 'mine', x: 1, sysctl: { isGatway: '1' } }, []],
  ])('%j', (value, warnings) => {
    expect(fold(value).warnings).toEqual(warnings);
  });

  it('are told ten times at most', () => {
    const value = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`isGateway${index}`, 1]));
    expect(fold(value).warnings).toHaveLength(10);
  });

  it('cost little among very many unknown keys', () => {
    const value = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`unknown-key-${index}`, 1]));
    const start = performance.now();
    fold(value);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

test('keyPath', () => {
  expect(keyPath(['ipam', 'ranges', 0, 1, 'subnet'])).toBe('ipam.ranges[0][1].subnet');
  expect(keyPath([])).toBe('');
});
