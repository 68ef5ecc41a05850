import type { Family } from '../addr/address.ts';
import {
  type Attribute,
  attributesOf,
  bytesOf,
  FLAG,
  listedIn,
  type Message,
  mentionsText,
  nested,
  request,
  textBytes,
  textOf,
} from '../rtnl/message.ts';
import { AF_INET, AF_INET6 } from '../rtnl/words.ts';
import { commentData, expressionList, NESTED, u32be } from './native-expression.ts';
import type { EncodedNftRule } from './native-nft-rule.ts';
import type { EncodedRule } from './native-rule.ts';

/** A chain of nf_tables; those that iptables makes are chains like any other. */
export interface NativeChain {
  /** `inet` for a table of both families. */
  readonly family: Family | 'inet';
  readonly table: string;
  readonly chain: string;
}

/** What is in a set of nf_tables. */
export interface NativeElement {
  readonly family: NativeChain['family'];
  readonly table: string;
  readonly set: string;
  readonly key: Uint8Array;
}

/** A rule as far as it is read: where it is, and its number there. */
export interface NativeRule extends NativeChain {
  readonly handle: Uint8Array;
}

const NFTABLES = 10;
const NFPROTO_INET = 1;
const MESSAGE = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newElement: 12,
  getElement: 13,
  deleteElement: 14,
} as const;
const BATCH = { begin: 16, end: 17 } as const;
const RULE = { table: 1, chain: 2, handle: 3, expressions: 4, compatible: 5, userData: 7 } as const;
/** What of a rule extensions of iptables want to know. */
const COMPATIBLE = { protocol: 1, flags: 2 } as const;
const TABLE = { name: 1 } as const;
const CHAIN = { table: 1, name: 3, hook: 4, type: 7 } as const;
const ELEMENTS = { table: 1, set: 2, list: 3 } as const;
const ELEMENT = { key: 1 } as const;
/** An element of a list of elements, and the bytes in a key. */
const [ONE, BYTES] = [1, 1];
const HOOK = { number: 1, priority: 2 } as const;
/** Where packets that come in from a link are met first, and how early. */
const PREROUTING = 0;
const RAW_PRIORITY = -300;
const HEADER_BYTES = 4;
/** Where a rule's comment stands in what nft keeps with it. */
const COMMENT = 0;

/** Asks for all rules of a chain, or of a table when no chain is named. */
export function listRequest({ family, table, chain }: NativeChain): Uint8Array {
  const attributes: Attribute[] = [[RULE.table, textBytes(table)]];
  if (chain !== '') attributes.push([RULE.chain, textBytes(chain)]);
  return request(typeOf(MESSAGE.getRule), FLAG.dump, header(family), attributes);
}

/** Makes a table, unless it is there. */
export function tableCreation({ family, table }: NativeChain): Uint8Array {
  return request(typeOf(MESSAGE.newTable), FLAG.create | FLAG.ack, header(family), [[TABLE.name, textBytes(table)]]);
}

/** Deletes a table with all that is in it. */
export function tableDeletion({ family, table }: NativeChain): Uint8Array {
  return request(typeOf(MESSAGE.deleteTable), FLAG.ack, header(family), [[TABLE.name, textBytes(table)]]);
}

/** Makes a chain that sees packets as they come in, before their connections are looked at, unless it is there. */
export function rawChainCreation({ family, table, chain }: NativeChain): Uint8Array {
  const hook: Attribute[] = [
    [HOOK.number, u32be(PREROUTING)],
    [HOOK.priority, u32be(RAW_PRIORITY)],
  ];
  const attributes: Attribute[] = [
    [CHAIN.table, textBytes(table)],
    [CHAIN.name, textBytes(chain)],
    [CHAIN.hook | NESTED, nested(hook)],
    [CHAIN.type, textBytes('filter')],
  ];
  return request(typeOf(MESSAGE.newChain), FLAG.create | FLAG.ack, header(family), attributes);
}

/** Makes a chain that must not be there. */
export function chainCreation({ family, table, chain }: NativeChain): Uint8Array {
  const attributes: Attribute[] = [
    [CHAIN.table, textBytes(table)],
    [CHAIN.name, textBytes(chain)],
  ];
  return request(typeOf(MESSAGE.newChain), FLAG.create | FLAG.excl | FLAG.ack, header(family), attributes);
}

/** Adds a rule behind the others of a chain, or before them. */
export function ruleAddition(
  { family, table, chain }: NativeChain,
  rule: EncodedRule | EncodedNftRule,
  place: 'last' | 'first' = 'last',
): Uint8Array {
  const attributes: Attribute[] = [
    [RULE.table, textBytes(table)],
    [RULE.chain, textBytes(chain)],
    [RULE.expressions | NESTED, expressionList(rule.expressions)],
  ];
  if ('comment' in rule) attributes.push([RULE.userData, commentData(rule.comment)]);
  else attributes.push([RULE.compatible | NESTED, compatible(rule)]);
  const flags = FLAG.create | FLAG.ack | (place === 'last' ? FLAG.append : 0);
  return request(typeOf(MESSAGE.newRule), flags, header(family), attributes);
}

function compatible({ protocol }: EncodedRule): Uint8Array {
  return nested([
    [COMPATIBLE.protocol, u32be(protocol)],
    [COMPATIBLE.flags, u32be(0)],
  ]);
}

/** Deletes a rule. */
export function ruleDeletion({ family, table, chain, handle }: NativeRule): Uint8Array {
  const attributes: Attribute[] = [
    [RULE.table, textBytes(table)],
    [RULE.chain, textBytes(chain)],
    [RULE.handle, handle],
  ];
  return request(typeOf(MESSAGE.deleteRule), FLAG.ack, header(family), attributes);
}

/** Deletes all rules of a chain. */
export function chainFlush({ family, table, chain }: NativeChain): Uint8Array {
  const attributes: Attribute[] = [
    [RULE.table, textBytes(table)],
    [RULE.chain, textBytes(chain)],
  ];
  return request(typeOf(MESSAGE.deleteRule), FLAG.ack, header(family), attributes);
}

/** Deletes a chain that is empty and that nothing leads to. */
export function chainDeletion({ family, table, chain }: NativeChain): Uint8Array {
  const attributes: Attribute[] = [
    [CHAIN.table, textBytes(table)],
    [CHAIN.name, textBytes(chain)],
  ];
  return request(typeOf(MESSAGE.deleteChain), FLAG.ack, header(family), attributes);
}

/** Puts something into a set, unless it is there. */
export function elementAddition(element: NativeElement): Uint8Array {
  return ofElement(MESSAGE.newElement, FLAG.create | FLAG.ack, element);
}

/** Takes out of a set what has to be there. */
export function elementDeletion(element: NativeElement): Uint8Array {
  return ofElement(MESSAGE.deleteElement, FLAG.ack, element);
}

/** Asks for one element of a set; it is refused where that is not there. */
export function elementRequest(element: NativeElement): Uint8Array {
  return ofElement(MESSAGE.getElement, 0, element);
}

function ofElement(message: number, flags: number, { family, table, set, key }: NativeElement): Uint8Array {
  const one = nested([[ELEMENT.key | NESTED, nested([[BYTES, key]])]]);
  const attributes: Attribute[] = [
    [ELEMENTS.table, textBytes(table)],
    [ELEMENTS.set, textBytes(set)],
    [ELEMENTS.list | NESTED, nested([[ONE | NESTED, one]])],
  ];
  return request(typeOf(message), flags, header(family), attributes);
}

/** Messages that are carried out together or not at all. The kernel answers the last one when all are done. */
export function transaction(messages: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [request(BATCH.begin, 0, batchHeader(), [])];
  for (const [index, message] of messages.entries()) {
    parts.push(index === messages.length - 1 ? message : withoutAnswer(message));
  }
  parts.push(request(BATCH.end, 0, batchHeader(), []));
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What a listed rule consists of. */
export function expressionsOf({ body }: Message): readonly DataView[] {
  const list = attributesOf(body, HEADER_BYTES).get(RULE.expressions);
  return list === undefined ? [] : listedIn(list);
}

/** Where a listed rule is. */
export function readRule({ body }: Message, family: NativeChain['family']): NativeRule | undefined {
  const attributes = attributesOf(body, HEADER_BYTES);
  const handle = attributes.get(RULE.handle);
  if (handle === undefined) return undefined;
  return {
    family,
    table: textOf(attributes.get(RULE.table)),
    chain: textOf(attributes.get(RULE.chain)),
    handle: bytesOf(handle).slice(),
  };
}

/** The comment that nft keeps with a rule; '' when there is none. */
export function commentOf({ body }: Message): string {
  const data = attributesOf(body, HEADER_BYTES).get(RULE.userData);
  if (data === undefined) return '';
  for (let at = 0; at + 2 <= data.byteLength; ) {
    const [type, length] = [data.getUint8(at), data.getUint8(at + 1)];
    if (at + 2 + length > data.byteLength) break;
    if (type === COMMENT) return textOf(new DataView(data.buffer, data.byteOffset + at + 2, length));
    at += 2 + length;
  }
  return '';
}

/** Whether a text stands in a message somewhere, with its closing zero. */
export function mentions({ body }: Message, text: string): boolean {
  return mentionsText(body, `${text}\0`);
}

function typeOf(message: number): number {
  return (NFTABLES << 8) | message;
}

function header(family: NativeChain['family']): Uint8Array {
  const number = family === 'inet' ? NFPROTO_INET : family === 4 ? AF_INET : AF_INET6;
  return Uint8Array.of(number, 0, 0, 0);
}

function batchHeader(): Uint8Array {
  // The part of netfilter that the batch is for, high byte first.
  return Uint8Array.of(0, 0, 0, NFTABLES);
}

function withoutAnswer(message: Uint8Array): Uint8Array {
  const silent = message.slice();
  const view = new DataView(silent.buffer);
  view.setUint16(6, view.getUint16(6, true) & ~FLAG.ack, true);
  return silent;
}
