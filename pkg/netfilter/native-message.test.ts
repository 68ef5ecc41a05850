import { expect, test } from 'vitest';
import { messagesIn } from '../rtnl/message.ts';
import {
  chainDeletion,
  chainFlush,
  commentOf,
  listRequest,
  mentions,
  readRule,
  ruleDeletion,
  transaction,
} from './native-message.ts';

const CHAIN = { family: 4, table: 'nat', chain: 'CNI-DN-1' } as const;
const RULE = { ...CHAIN, handle: Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2) };

function only(bytes: Uint8Array) {
  const [message, ...others] = messagesIn(bytes);
  if (message === undefined || others.length > 0) throw new Error('not one message');
  return message;
}

test('a list is asked for by table and chain, or by table alone', () => {
  const message = only(listRequest(CHAIN));
  expect(message.type).toBe(0xa07);
  expect(message.flags & 0x300).toBe(0x300);
  expect(message.body.getUint8(0)).toBe(2);
  expect(mentions(message, 'nat') && mentions(message, 'CNI-DN-1')).toBe(true);
  expect(only(listRequest({ ...CHAIN, family: 6, chain: '' })).body.byteLength).toBe(4 + 8);
});

test('a rule is deleted by its number, and what was written is read again', () => {
  const message = only(ruleDeletion(RULE));
  expect(message.type).toBe(0xa08);
  expect(readRule(message, 4)).toEqual(RULE);
  expect(readRule(only(chainFlush(CHAIN)), 4)).toBeUndefined();
  expect(only(chainDeletion(CHAIN)).type).toBe(0xa05);
});

test('a name that another one begins with is not mentioned', () => {
  expect(mentions(only(chainFlush({ ...CHAIN, chain: 'CNI-DN-12' })), 'CNI-DN-1')).toBe(false);
});

test('a transaction begins, ends, and has only its last step answered', () => {
  const messages = messagesIn(transaction([ruleDeletion(RULE), chainFlush(CHAIN), chainDeletion(CHAIN)]));
  expect(messages.map(({ type }) => type)).toEqual([16, 0xa08, 0xa08, 0xa05, 17]);
  expect(messages.map(({ flags }) => (flags & 4) !== 0)).toEqual([false, false, false, true, false]);
  expect(messages[0]?.body.getUint8(3)).toBe(10);
});

test('a comment is read from what nft keeps with a rule', () => {
  const text = (type: number, words: string) => [type, words.length + 1, ...Buffer.from(`${words}\0`)];
  const data = [...text(3, 'x'), ...text(0, 'c1')];
  const attribute = [data.length + 4, 0, 7, 0, ...data];
  const body = new DataView(Uint8Array.from([2, 0, 0, 0, ...attribute]).buffer);
  expect(commentOf({ type: 0xa06, flags: 0, number: 0, body })).toBe('c1');
  expect(commentOf(only(chainFlush(CHAIN)))).toBe('');
});

test('a comment that is longer than what it stands in is none', () => {
  for (const data of [[0, 200, 0x63, 0x31], [3, 255, 0], [0]]) {
    const attribute = [data.length + 4, 0, 7, 0, ...data, ...Array<number>((4 - (data.length % 4)) % 4).fill(0)];
    const body = new DataView(Uint8Array.from([2, 0, 0, 0, ...attribute]).buffer);
    expect(commentOf({ type: 0xa06, flags: 0, number: 0, body })).toBe('');
  }
});
