import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { keysOf } from './help.ts';
import { describe as documented } from './schema.ts';

const SCHEMA = z.object({
  mtu: documented(z.optional(z.int()), { text: 'MTU of both ends', fallback: '0' }),
  rate: z.optional(z.number()),
  mode: z.optional(z.enum(['bridge', 'private'])),
  isGateway: z._default(z.boolean(), false),
  names: z.optional(z.array(z.string())),
  sysctl: z.record(z.string(), z.string()),
  limit: z.union([z.string(), z.int()]),
  ipam: documented(z.optional(z.object({ ranges: z.array(z.array(z.object({ subnet: z.string() }))) })), {
    text: 'IPAM',
  }),
});

test('every key with its type and its words, nested ones after the key that holds them', () => {
  expect(keysOf(SCHEMA)).toEqual([
    { key: 'mtu', type: 'whole number', text: 'MTU of both ends', fallback: '0' },
    { key: 'rate', type: 'number', text: '', fallback: undefined },
    { key: 'mode', type: '"bridge" | "private"', text: '', fallback: undefined },
    { key: 'isGateway', type: 'true | false', text: '', fallback: undefined },
    { key: 'names', type: 'list of text', text: '', fallback: undefined },
    { key: 'sysctl', type: 'object', text: '', fallback: undefined },
    { key: 'limit', type: 'text or whole number', text: '', fallback: undefined },
    { key: 'ipam', type: 'object', text: 'IPAM', fallback: undefined },
    { key: 'ipam.ranges', type: 'list of list of object', text: '', fallback: undefined },
    { key: 'ipam.ranges[][].subnet', type: 'text', text: '', fallback: undefined },
  ]);
});
