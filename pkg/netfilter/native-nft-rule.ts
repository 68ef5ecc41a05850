import type { Family } from '../addr/address.ts';
import type { Attribute } from '../rtnl/message.ts';
import { AF_INET, AF_INET6, readNumber } from '../rtnl/words.ts';
import { addressMatch, loadedAddress, portBytes, readSocketAddress } from './native-address.ts';
import {
  BASE,
  compared,
  type Expression,
  expression,
  isIn,
  jump,
  loaded,
  META_KEY,
  masked,
  meta,
  payload,
  u32be,
  VERDICT_CODE,
  verdict,
  verdictTo,
} from './native-expression.ts';
import { linkName } from './native-nft-element.ts';

/** A rule of nft as the kernel keeps it. */
export interface EncodedNftRule {
  readonly expressions: readonly Expression[];
  readonly comment: string;
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const NAT = { type: 1, family: 2, address: 3, port: 5, flags: 7, destination: 1, specified: 2 } as const;
const CONNECTION = { register: 1, key: 2, state: 0, status: 2 } as const;
/** The bit of a connection's status that says that its destination was changed, in the machine's order. */
const DESTINATION_CHANGED = Uint8Array.of(32, 0, 0, 0);
/** The bits of a connection's state, likewise. */
const BELONGING = Uint8Array.of(2 | 4, 0, 0, 0);
const GOTO = -4;

/**
 * The words of a rule as nft keeps it; `undefined` for one with words that are not known here, which then is for nft
 * itself. In a table of both families each rule says which it is for.
 */
export function encodeNftRule(text: string, comment: string, isInet = false): EncodedNftRule | undefined {
  const words = text.split(' ');
  const expressions: Expression[] = [];
  let family: Family | undefined;
  for (let at = 0; at < words.length; ) {
    const [word = '', second = '', third = '', fourth = ''] = words.slice(at, at + 4);
    if (word === 'ip' || word === 'ip6') {
      const isComparison = third === '==' || third === '!=';
      const own = word === 'ip' ? 4 : 6;
      const look = address(own, second, isComparison ? fourth : third, third === '!=');
      if (look === undefined) return undefined;
      if (isInet && family === undefined) {
        expressions.push(meta(META_KEY.family), compared(Uint8Array.of(own === 4 ? AF_INET : AF_INET6), false));
      }
      family = own;
      expressions.push(...look);
      at += isComparison ? 4 : 3;
    } else if (Object.hasOwn(PROTOCOLS, word) && second === 'dport') {
      const port = readNumber(third, 65535);
      if (port === undefined) return undefined;
      expressions.push(meta(META_KEY.protocol), compared(Uint8Array.of(PROTOCOLS[word] ?? 0), false));
      expressions.push(payload(BASE.transport, 2, 2), compared(portBytes(port), false));
      at += 3;
    } else if (word === 'ct' && second === 'status' && third === 'dnat') {
      expressions.push(connection(CONNECTION.status), masked(DESTINATION_CHANGED), compared(new Uint8Array(4), true));
      at += 3;
    } else if (word === 'ct' && second === 'state' && third === 'established,related') {
      expressions.push(connection(CONNECTION.state), masked(BELONGING), compared(new Uint8Array(4), true));
      at += 3;
    } else if (word === 'dnat' && second === 'to') {
      const target = destination(third);
      if (target === undefined) return undefined;
      expressions.push(...target);
      at += 3;
    } else if (word === 'iifname' && second === '!=') {
      const name = linkName(third);
      if (name === undefined) return undefined;
      expressions.push(meta(META_KEY.inputName), compared(name, true));
      at += 3;
    } else if (word === 'iifname' && second === '.' && third === 'oifname' && fourth.startsWith('@')) {
      expressions.push(meta(META_KEY.inputName), meta(META_KEY.outputName, 2), isIn(fourth.slice(1)));
      at += 4;
    } else if ((word === 'iifname' || word === 'oifname') && second.startsWith('@')) {
      expressions.push(meta(word === 'iifname' ? META_KEY.inputName : META_KEY.outputName), isIn(second.slice(1)));
      at += 2;
    } else if (word === 'drop' || word === 'accept') {
      expressions.push(verdict(word === 'drop' ? VERDICT_CODE.DROP : VERDICT_CODE.ACCEPT));
      at += 1;
    } else if (word === 'masquerade') {
      expressions.push(expression('masq', []));
      at += 1;
    } else if (word === 'return') {
      expressions.push(verdict(VERDICT_CODE.RETURN));
      at += 1;
    } else if (word === 'goto' || word === 'jump') {
      expressions.push(word === 'goto' ? verdictTo(GOTO, second) : jump(second));
      at += 2;
    } else return undefined;
  }
  return { expressions, comment };
}

function address(family: Family, field: string, text: string, isInverted: boolean): readonly Expression[] | undefined {
  if (field !== 'saddr' && field !== 'daddr') return undefined;
  const which = field === 'saddr' ? 'source' : 'destination';
  if (text.startsWith('@') && !isInverted) return [loadedAddress(family, which), isIn(text.slice(1))];
  const match = addressMatch({ family, which, text, isInverted, isShort: true });
  // Nobody knows how nft writes a comparison with nothing.
  return match?.length === 0 ? undefined : match;
}

function destination(text: string): readonly Expression[] | undefined {
  const target = readSocketAddress(text);
  if (target === undefined) return undefined;
  const attributes: Attribute[] = [
    [NAT.type, u32be(NAT.destination)],
    [NAT.family, u32be(target.family)],
    [NAT.address, u32be(1)],
    [NAT.port, u32be(2)],
    [NAT.flags, u32be(NAT.specified)],
  ];
  return [loaded(1, target.address), loaded(2, target.port), expression('nat', attributes)];
}

function connection(key: number): Expression {
  return expression('ct', [
    [CONNECTION.key, u32be(key)],
    [CONNECTION.register, u32be(1)],
  ]);
}
