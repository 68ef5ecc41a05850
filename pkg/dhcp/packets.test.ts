import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLIENT, fromServer, GIVEN, SERVER, SERVER_MAC } from '../../test/dhcp/fake.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { leaseFrom } from './lease.ts';
import { decodeMessage, encodeMessage, MESSAGE, type Message } from './message.ts';
import { decodeOptions, encodeOptions, OPTION } from './options.ts';
import { discover, release } from './requests.ts';
import { lengthOfMask, routesOf } from './routes.ts';

const four = fc.uint8Array({ minLength: 4, maxLength: 4 });
const six = fc.uint8Array({ minLength: 6, maxLength: 6 });
const options = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 600 })), {
    selector: ([code]) => code,
    maxLength: 8,
  })
  // With an overload, other fields are read as well.
  .map((list) => new Map(list.filter(([code]) => code !== OPTION.overload)));
const message: fc.Arbitrary<Message> = fc.record({
  isReply: fc.boolean(),
  xid: fc.nat(0xffff_ffff),
  secs: fc.nat(0xffff),
  broadcast: fc.boolean(),
  ciaddr: four,
  yiaddr: four,
  chaddr: six,
  options,
});

test('a message that was written is read', () => {
  fc.assert(
    fc.property(message, (given) => {
      expect(decodeMessage(encodeMessage(given))).toEqual(given);
    }),
  );
});

test('options stand in ascending order, and an end behind them', () => {
  const given = new Map([
    [61, Uint8Array.of(1)],
    [12, Uint8Array.of(2, 3)],
  ]);
  expect([...encodeOptions(given)]).toEqual([12, 2, 2, 3, 61, 1, 1, 255]);
});

test('tens of thousands of pieces of one option are put together soon', () => {
  const long = Array.from({ length: 120 }, () => [60, 255, ...Array<number>(255).fill(65)]).flat();
  const empty = Array.from({ length: 16_000 }, () => [60, 0]).flat();
  const field = Uint8Array.from([...long, ...empty]);
  const times = Array.from({ length: 5 }, () => {
    const options = new Map<number, Uint8Array>();
    const started = performance.now();
    decodeOptions(field, options);
    const ms = performance.now() - started;
    expect(options.get(60)).toHaveLength(120 * 255);
    return ms;
  });
  expect(Math.min(...times)).toBeLessThan(35);
});

test('options go on in the fields that option 52 names', () => {
  const bytes = encodeMessage({ ...emptyMessage, options: new Map([[OPTION.overload, Uint8Array.of(3)]]) });
  bytes.set([12, 1, 0x61, 255], 108);
  bytes.set([12, 1, 0x62, 255], 44);
  expect(decodeMessage(bytes)?.options.get(12)).toEqual(Uint8Array.of(0x61, 0x62));
});

const emptyMessage: Message = {
  isReply: true,
  xid: 7,
  secs: 0,
  broadcast: false,
  ciaddr: new Uint8Array(4),
  yiaddr: GIVEN,
  chaddr: CLIENT.mac,
  options: new Map(),
};

test('frames have the lengths and sums that the kernel wants', () => {
  const frame = encodeFrame(
    { sourceMac: CLIENT.mac, targetMac: SERVER_MAC, source: GIVEN, target: SERVER },
    Uint8Array.of(1, 2, 3),
  );
  const view = new DataView(frame.buffer);
  expect([view.getUint16(16), view.getUint16(38), frame.length]).toEqual([31, 11, 45]);
  // What another program computed for the same packet.
  expect([view.getUint16(24), view.getUint16(40)]).toEqual([0x26c7, 0xe747]);
});

test('a frame of a server is read, and one of anybody else is not', () => {
  const frame = fromServer(emptyMessage, {});
  expect(decodeFrame(frame)?.sourceMac).toEqual(SERVER_MAC);
  for (const [at, value] of [
    [12, 0x86],
    [14, 0x65],
    [14, 0x41],
    [20, 0x20],
    [23, 6],
    [24, 0x99],
    [35, 68],
    [38, 99],
  ]) {
    const other = frame.slice();
    other[at ?? 0] = value ?? 0;
    expect(decodeFrame(other), `byte ${at}`).toBeUndefined();
  }
  expect(decodeFrame(frame.subarray(0, 200))).toBeUndefined();
});

describe('hostile packets never do more than not being read', () => {
  test('noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (noise) => {
        decodeFrame(noise);
        decodeMessage(noise);
        decodeOptions(noise, new Map());
        routesOf(new Map([[OPTION.classlessRoutes, noise]]));
        routesOf(
          new Map([
            [OPTION.staticRoutes, noise],
            [OPTION.routers, noise],
          ]),
        );
        leaseFrom(noise, SERVER_MAC, 0);
      }),
    );
  });

  test('answers with options of any length', () => {
    fc.assert(
      fc.property(options, (given) => {
        const lease = leaseFrom(encodeMessage({ ...emptyMessage, options: given }), SERVER_MAC, 0);
        if (lease === undefined) return;
        routesOf(lease.options);
        expect(lease.renewAt).toBeGreaterThanOrEqual(1000);
        expect(lease.rebindAt).toBeGreaterThanOrEqual(lease.renewAt);
        expect(lease.expiresAt).toBeGreaterThanOrEqual(lease.rebindAt);
      }),
    );
  });
});

test('times', () => {
  const given = (seconds: readonly number[], more: readonly (readonly [number, readonly number[]])[] = []) => {
    const all = [[OPTION.serverId, [...SERVER]], [OPTION.leaseTime, seconds], ...more] as const;
    const map = new Map(all.map(([code, data]) => [code, Uint8Array.from(data)] as const));
    const lease = leaseFrom(encodeMessage({ ...emptyMessage, options: map }), SERVER_MAC, 0);
    return lease && [lease.renewAt, lease.rebindAt, lease.expiresAt];
  };
  expect(given([0, 0, 0, 100])).toEqual([50_000, 85_000, 100_000]);
  expect(given([])).toEqual([1_800_000, 3_060_000, 3_600_000]);
  expect(given([0xff, 0xff, 0xff, 0xff])).toEqual([Infinity, Infinity, Infinity]);
  expect(given([0, 0, 0, 0])).toEqual([1000, 1700, 2000]);
  expect(
    given(
      [0, 0, 0, 100],
      [
        [58, [0, 0, 0, 10]],
        [59, [0, 0, 0, 20]],
      ],
    ),
  ).toEqual([10_000, 20_000, 100_000]);
  expect(
    given(
      [0, 0, 0, 100],
      [
        [58, [0, 0, 1, 0]],
        [59, [0, 0, 9, 0]],
      ],
    ),
  ).toEqual([100_000, 100_000, 100_000]);
});

test('routes', () => {
  const texts = (map: readonly (readonly [number, readonly number[]])[]) =>
    routesOf(new Map(map.map(([code, data]) => [code, Uint8Array.from(data)]))).map(
      ({ destination, length, router, onLink }) =>
        `${destination.join('.')}/${length} ${router.join('.')}${onLink ? ' on link' : ''}`,
    );
  expect(texts([[3, [10, 0, 0, 1, 10, 0, 0, 2]]])).toEqual(['0.0.0.0/0 10.0.0.1']);
  const old = [33, [10, 1, 2, 3, 10, 0, 0, 2, 192, 168, 1, 0, 10, 0, 0, 3]] as const;
  expect(texts([old, [3, [10, 0, 0, 1]]])).toEqual([
    '10.1.2.3/8 10.0.0.2',
    '192.168.1.0/24 10.0.0.3',
    '0.0.0.0/0 10.0.0.1',
  ]);
  const classless = [121, [0, 10, 0, 0, 9, 22, 10, 9, 4, 0, 0, 0, 0, 33]] as const;
  expect(texts([classless, old, [3, [10, 0, 0, 1]]])).toEqual(['0.0.0.0/0 10.0.0.9', '10.9.4.0/22 0.0.0.0 on link']);
  expect(
    [
      [255, 255, 252, 0],
      [0, 0, 0, 0],
      [255, 0, 255, 0],
    ].map((mask) => lengthOfMask(Uint8Array.from(mask))),
  ).toEqual([22, 0, undefined]);
});

test('what is asked has who asks, and what is given back only that', () => {
  const client = { ...CLIENT, options: new Map([...CLIENT.options, [OPTION.hostName, Uint8Array.of(0x68)]]) };
  const asked = decodeMessage(discover(client, 1, 0, undefined).subarray(42));
  expect([...(asked?.options.keys() ?? [])]).toEqual([12, 53, 57, 61]);
  const lease = { address: GIVEN, server: SERVER, serverMac: SERVER_MAC };
  const given = decodeMessage(release(client, 1, lease).subarray(42));
  expect([...(given?.options.keys() ?? [])]).toEqual([53, 54, 61]);
  expect(given?.ciaddr).toEqual(GIVEN);
  expect(given?.options.get(OPTION.messageType)).toEqual(Uint8Array.of(MESSAGE.release));
});
