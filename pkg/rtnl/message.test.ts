import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributesOf, bytesOf, FLAG, messagesIn, NLMSG_DONE, request, textBytes, textOf } from './message.ts';

/** A request as the kernel would send it back. */
function sentBack(bytes: Uint8Array) {
  const [message] = messagesIn(bytes);
  if (message === undefined) throw new Error('no message');
  return message;
}

describe('request', () => {
  test('lays out header, family header and attributes as rtnetlink has them', () => {
    const header = new Uint8Array(16);
    expect([...request(18, 0, header, [[3, textBytes('lo')]])]).toEqual([
      ...[40, 0, 0, 0, 18, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      ...header,
      ...[7, 0, 3, 0, 0x6c, 0x6f, 0, 0],
    ]);
  });

  test('adds the flag of a request to the given ones', () => {
    expect(sentBack(request(22, FLAG.dump, new Uint8Array(8), [])).flags).toBe(0x301);
  });

  test('gives back every attribute that was put in', () => {
    const attribute = fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 300 }));
    const attributes = fc.uniqueArray(attribute, { selector: ([type]) => type, maxLength: 20 });
    fc.assert(
      fc.property(attributes, (given) => {
        const { type, body } = sentBack(request(16, FLAG.ack, new Uint8Array(16), given));
        const found = attributesOf(body, 16);
        expect(type).toBe(16);
        for (const [attributeType, value] of given) {
          const back = found.get(attributeType);
          expect(back === undefined ? undefined : bytesOf(back)).toEqual(value);
        }
      }),
    );
  });
});

describe('reading', () => {
  test('several messages of one datagram are told apart', () => {
    const two = [request(16, 0, new Uint8Array(16), []), request(20, FLAG.multi, new Uint8Array(8), [])];
    const datagram = Uint8Array.from(two.flatMap((bytes) => [...bytes]));
    expect(messagesIn(datagram).map(({ type, flags }) => [type, flags])).toEqual([
      [16, 1],
      [20, 3],
    ]);
  });

  test('whatever is received, nothing is read beyond it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const { body } of messagesIn(bytes)) attributesOf(body, 16);
      }),
      { numRuns: 2000 },
    );
  });

  test('a text ends at its NUL', () => {
    expect(textOf(new DataView(textBytes('eth0').buffer))).toBe('eth0');
    expect(textOf(new DataView(new TextEncoder().encode('eth1').buffer))).toBe('eth1');
    expect(textOf(undefined)).toBe('');
  });
});

test('of a dump only the parts in which a text stands, and all that is no part of one', () => {
  const numbered = (type: number, flags: number, text: string) => {
    const bytes = request(type, 0, new Uint8Array(4), [[1, textBytes(text)]]);
    new DataView(bytes.buffer).setUint16(6, flags, true);
    return bytes;
  };
  const multi = FLAG.multi;
  const received = Buffer.concat([
    numbered(20, multi, 'one'),
    numbered(21, multi, 'other'),
    numbered(22, multi | FLAG.interrupted, 'one'),
    numbered(23, 0, 'one'),
    numbered(NLMSG_DONE, multi, ''),
  ]);
  const types = (mentioned?: string) => messagesIn(received, mentioned).map(({ type }) => type);
  expect(types()).toEqual([20, 21, 22, 23, NLMSG_DONE]);
  expect(types('other\0')).toEqual([21, 22, 23, NLMSG_DONE]);
  expect(types('one')).toEqual([20, 22, 23, NLMSG_DONE]);
  expect(types('nobody')).toEqual([22, 23, NLMSG_DONE]);
});
