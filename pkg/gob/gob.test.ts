import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GobDecoder } from './decode.ts';
import { GobEncoder } from './encode.ts';
import { CONNECT, encodeCall, NOTHING, RESPONSE, RpcReader } from './rpc.ts';
import { BYTES, GobError, type GobObject, INT, STRING, type StructType, UINT } from './types.ts';

const ARGS: StructType = {
  kind: 'struct',
  name: 'CmdArgs',
  fields: [
    ['ContainerID', STRING],
    ['Netns', STRING],
    ['IfName', STRING],
    ['Args', STRING],
    ['Path', STRING],
    ['NetnsOverride', STRING],
    ['StdinData', BYTES],
  ],
};

const NET: StructType = {
  kind: 'struct',
  name: 'IPNet',
  fields: [
    ['IP', BYTES],
    ['Mask', BYTES],
  ],
};

const NESTED: StructType = {
  kind: 'struct',
  name: 'Nested',
  fields: [
    ['Number', INT],
    ['Count', UINT],
    ['Nets', { kind: 'slice', name: '[]*net.IPNet', element: NET }],
    ['Net', NET],
    ['Texts', { kind: 'slice', name: '[]string', element: STRING }],
  ],
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function decodeAll(bytes: Uint8Array, piece = bytes.length): unknown[] {
  const decoder = new GobDecoder();
  const values: unknown[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    decoder.push(bytes.subarray(at, at + piece));
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(plain(value));
  }
  return values;
}

/** Without the missing prototypes that decoded structures have. */
function plain(value: GobObject): unknown {
  return JSON.parse(JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? hex(item) : item)));
}

test('the bytes of a call are those of the reference', () => {
  const args = {
    ContainerID: 'cid',
    Netns: '/ns',
    IfName: 'eth0',
    Args: 'A=B',
    Path: '/p',
    NetnsOverride: '1',
    StdinData: new TextEncoder().encode('x'.repeat(0x66)),
  };
  const text = hex(encodeCall('DHCP.Release', ARGS, args));
  const service = Buffer.from('DHCP.Release').toString('hex');
  expect(text.startsWith(`2e7f03010107${Buffer.from('Request').toString('hex')}01ff80`)).toBe(true);
  expect(text).toContain(`11ff80010c${service}00`);
  expect(text).toContain(`6cff8103010107${Buffer.from('CmdArgs').toString('hex')}01ff82`);
  expect(text).toContain('ff87ff82010363696401032f6e7301046574683001'.slice(0, 26));
  expect(text.endsWith(`01022f7001013101${'66'}${'78'.repeat(0x66)}00`)).toBe(true);
});

test('the bytes of an empty answer are those of the reference', () => {
  const encoder = new GobEncoder();
  const head = hex(encoder.encode(RESPONSE, { ServiceMethod: 'DHCP.Release' }));
  expect(head.endsWith(`11ff80010c${Buffer.from('DHCP.Release').toString('hex')}00`)).toBe(true);
  expect(hex(encoder.encode(NOTHING, {}))).toBe('0aff81030102ff8200000003ff8200');
});

test('a type is described once, and what is empty is left out', () => {
  const encoder = new GobEncoder();
  const first = encoder.encode(NESTED, { Number: -3, Nets: [{ IP: Uint8Array.of(1, 2) }] });
  const second = encoder.encode(NESTED, { Count: 300 });
  expect(second.length).toBeLessThan(20);
  const decoder = new GobDecoder();
  decoder.push(first);
  decoder.push(second);
  expect(plain(decoder.next() ?? {})).toEqual({ Number: -3, Nets: [{ IP: '0102' }], Net: {} });
  expect(plain(decoder.next() ?? {})).toEqual({ Count: 300, Net: {} });
});

const bytes = fc.uint8Array({ maxLength: 20, minLength: 1 });
const net = fc.record({ IP: bytes, Mask: bytes });
const nested = fc.record({
  Number: fc.integer({ min: -0x7fff_ffff }).filter((value) => value !== 0),
  Count: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  Nets: fc.array(net, { minLength: 1 }),
  Net: net,
  Texts: fc.array(fc.string(), { minLength: 1 }),
});

test('what was written is read, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.array(nested, { maxLength: 3 }), fc.integer({ min: 1, max: 50 }), (values, piece) => {
      const encoder = new GobEncoder();
      const all = values.flatMap((value) => [...encoder.encode(NESTED, value)]);
      expect(decodeAll(Uint8Array.from(all), piece)).toEqual(values.map(plain));
    }),
  );
});

describe('hostile bytes', () => {
  test('are refused or waited for, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        try {
          decodeAll(noise);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GobError);
        }
      }),
    );
  });

  test('in the midst of a good stream as well', () => {
    const good = encodeCall('DHCP.Allocate', ARGS, { ContainerID: 'c', StdinData: new Uint8Array(40) });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bad = good.slice();
        bad[at] = byte;
        try {
          decodeAll(bad);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GobError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a type that holds itself does not nest without end', () => {
    // type 64: struct { A 64 }
    const description = [0x7f, 3, 1, 1, 1, 0x41, 1, 0xff, 0x80, 0, 1, 1, 1, 1, 0x41, 1, 0xff, 0x80, 0, 0, 0];
    const value = [0xff, 0x80, ...Array<number>(60).fill(1), ...Array<number>(61).fill(0)];
    const stream = [description.length, ...description, value.length, ...value];
    expect(() => decodeAll(Uint8Array.from(stream))).toThrow('nested too deeply');
  });
});

test('a head of HTTP stands before the gobs, and is not read without end', () => {
  const reader = new RpcReader();
  const call = encodeCall('DHCP.Release', ARGS, { ContainerID: 'c' });
  const all = Uint8Array.from([...new TextEncoder().encode(CONNECT), ...call]);
  expect(reader.push(all.subarray(0, 10))).toBeUndefined();
  expect(reader.push(all.subarray(10))).toBe(CONNECT);
  const { head, body } = reader.next() ?? {};
  expect([head?.['ServiceMethod'], body?.['ContainerID'], reader.next()]).toEqual(['DHCP.Release', 'c', undefined]);
  expect(() => new RpcReader().push(new Uint8Array(5000).fill(0x41))).toThrow(GobError);
});
