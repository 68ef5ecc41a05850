import { expect, test } from 'vitest';
import { DamagedMessage, decodeReply, encodeCall, messageLength } from './message.ts';

const HELLO = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  args: [],
};

test('a call has its fields where the wire format wants them', () => {
  const bytes = encodeCall(HELLO, 1);
  expect(bytes.length % 8).toBe(0);
  expect(messageLength(bytes)).toBe(bytes.length);
  const text = new TextDecoder('latin1').decode(bytes);
  expect(text.slice(0, 4)).toBe('l\u0001\0\u0001');
  expect(text).toContain('\u0001\u0001o\0\u0015\0\0\0/org/freedesktop/DBus\0');
  expect(text).toContain('\u0003\u0001s\0\u0005\0\0\0Hello\0');
});

test('arguments stand in the body, each with its length', () => {
  const bytes = encodeCall({ ...HELLO, member: 'NameHasOwner', args: ['a.b', 'ü'] }, 7);
  expect(messageLength(bytes)).toBe(bytes.length);
  const text = new TextDecoder('latin1').decode(bytes);
  expect(text).toContain('\u0008\u0001g\0\u0002ss\0');
  expect(text.endsWith('\u0003\0\0\0a.b\0\u0002\0\0\0\u00c3\u00bc\0')).toBe(true);
});

/** A reply as a bus writes it: fields, padding, body. */
function reply(type: number, fields: readonly number[], body: readonly number[]): Uint8Array {
  const head = [0x6c, type, 1, 1, body.length, 0, 0, 0, 9, 0, 0, 0, fields.length, 0, 0, 0, ...fields];
  while (head.length % 8 !== 0) head.push(0);
  return Uint8Array.from([...head, ...body]);
}

test('a truth value is read', () => {
  const bytes = reply(2, [5, 1, 117, 0, 7, 0, 0, 0, 8, 1, 103, 0, 1, 98, 0], [1, 0, 0, 0]);
  expect(messageLength(bytes)).toBe(bytes.length);
  expect(decodeReply(bytes)).toEqual({ serial: 7, value: true });
});

test('an error has a name and a text', () => {
  const name = [4, 1, 115, 0, 3, 0, 0, 0, 97, 46, 98, 0, 0, 0, 0, 0];
  const bytes = reply(3, [...name, 5, 1, 117, 0, 2, 0, 0, 0, 8, 1, 103, 0, 1, 115, 0], [2, 0, 0, 0, 110, 111, 0]);
  expect(decodeReply(bytes)).toEqual({ serial: 2, error: 'a.b', value: 'no' });
});

test('signals are nothing that was waited for, and half a header tells nothing', () => {
  expect(decodeReply(reply(4, [], []))).toBeUndefined();
  expect(messageLength(new Uint8Array(15))).toBeUndefined();
});

test('a message that ends before its own lengths say is damaged', () => {
  const whole = encodeCall({ ...HELLO, args: ['a.b'] }, 7);
  whole[1] = 2;
  expect(decodeReply(whole)?.value).toBe('a.b');
  for (let length = 16; length < whole.length - 8; length++) {
    expect(() => decodeReply(whole.slice(0, length))).toThrow(DamagedMessage);
  }
});

test('a message of gigabytes is not waited for', () => {
  const head = encodeCall(HELLO, 1).slice(0, 16);
  head.fill(0xff, 4, 8);
  expect(() => messageLength(head)).toThrow(DamagedMessage);
});
