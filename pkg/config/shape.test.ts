import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { readConfig } from './read.ts';
import { fitConfig, type ObjectShape, UNFIT } from './shape.ts';
import { shapeOf } from './shape-of.ts';

const SCHEMA = z.object({
  bridge: z.optional(z.string()),
  mtu: z.optional(z.int()),
  isGateway: z.optional(z.boolean()),
  routes: z.optional(z.array(z.object({ dst: z.string(), gw: z.optional(z.string()) }))),
  ipam: z.optional(z.looseObject({ type: z.optional(z.string()) })),
  sysctl: z.optional(z.record(z.string(), z.string())),
});

const SHAPE: ObjectShape = {
  keys: {
    bridge: 'text',
    mtu: 'whole',
    isGateway: 'flag',
    routes: { list: { keys: { dst: 'text', gw: 'text' }, required: ['dst'] } },
    ipam: { keys: { type: 'text' }, loose: true },
    sysctl: { each: 'text' },
  },
};

test('a shape is made from a schema that asks for types only', () => {
  expect(shapeOf(SCHEMA)).toEqual(SHAPE);
  expect(shapeOf(z.object({ mtu: z.int().check(z.minimum(0)) }))).toBeUndefined();
  expect(shapeOf(z.object({ mtu: z._default(z.int(), 1500) }))).toBeUndefined();
  expect(shapeOf(z.object({ mtu: z.number() }))).toBeUndefined();
  expect(shapeOf(z.object({ mode: z.enum(['l2', 'l3']) }))).toBeUndefined();
  expect(shapeOf(z.string())).toBeUndefined();
});

describe('what does not fit is left to the schema', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a wrong type', { mtu: '1500' }],
    ['a fraction', { mtu: 1.5 }],
    ['a key that nobody knows', { mut: 1500 }],
    ['a required key that is missing', { routes: [{ gw: '10.0.0.1' }] }],
    ['nothing where an element should be', { routes: [null] }],
    ['a key that means something to the language', JSON.parse('{"ipam":{"__proto__":1}}')],
    ['a number in a map of texts', { sysctl: { 'net.core.somaxconn': 5 } }],
    ['nothing in a map of texts', { sysctl: { 'net.core.somaxconn': null } }],
  ])('%s', (_, raw) => {
    expect(fitConfig(SHAPE, raw, true)).toBe(UNFIT);
  });
});

test('keys are known in any letter case; an exact one is preferred', () => {
  const raw = { MTU: 1, Routes: [{ Dst: 'a', dst: 'b' }], ipam: { Type: 'x' } };
  expect(fitConfig(SHAPE, raw, true)).toEqual({ mtu: 1, routes: [{ dst: 'b' }], ipam: { type: 'x' } });
  expect(fitConfig(SHAPE, { mtu: null, MTU: 2 }, true)).toEqual({ mtu: 2 });
  expect(fitConfig(SHAPE, { MTU: '1' }, true)).toBe(UNFIT);
});

test("another plugin's keys pass at the top", () => {
  expect(fitConfig(SHAPE, { hairpinMode: true, mtu: 1 }, false)).toEqual({ mtu: 1 });
  expect(fitConfig(SHAPE, { IPAM: { type: 'x' } }, false)).toEqual({ ipam: { type: 'x' } });
});

test('what fits is read as the schema reads it', () => {
  const keys = [
    'bridge',
    'mtu',
    'isGateway',
    'routes',
    'ipam',
    'name',
    'type',
    'dst',
    'gw',
    'Mtu',
    'MTU',
    'Routes',
    'Dst',
    'DST',
    'x',
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(null, true, false, 0, -1, 1500, 1.5, 2 ** 60, '', 'cni0'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 }), fc.boolean(), (raw, ownTop) => {
      const fitting = fitConfig(SHAPE, raw, ownTop);
      if (fitting === UNFIT) return;
      expect(readConfig(SCHEMA, raw, 'failed', ownTop)).toEqual({ conf: fitting, warnings: [] });
    }),
    { numRuns: 3000 },
  );
});
