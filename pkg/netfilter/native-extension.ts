import type { Family } from '../addr/address.ts';
import { u32 } from '../rtnl/message.ts';
import { AF_INET, readNumber } from '../rtnl/words.ts';
import { portBytes, readSocketAddress } from './native-address.ts';
import {
  BASE,
  compared,
  type Expression,
  META_KEY,
  masked,
  meta,
  payload,
  xtMatch,
  xtTarget,
} from './native-expression.ts';

/** What one extension looks at in a packet. */
export interface Extension {
  readonly expressions: readonly Expression[];
  /** The protocols that it is for; all without. */
  readonly needs?: readonly number[];
}

/** What stands behind `-j`: how many more words belong to it, and what it is, unless it is a chain. */
export interface ReadTarget {
  readonly words: number;
  readonly expression?: Expression;
}

/** The extensions whose options are known here. */
export const EXTENSIONS: readonly string[] = ['comment', 'multiport', 'mark', 'addrtype', 'conntrack', 'tcp', 'udp'];

const PORTS: readonly number[] = [6, 17, 132];
const TCP = 6;
const UDP = 17;
const COMMENT_BYTES = 256;
/** What `multiport` keeps: whose ports they are, how many, the ports, which of them are ranges, and whether others are meant. */
export const MULTIPORT = { destination: 1, most: 15, ranges: 32, negation: 47, bytes: 48 } as const;
const STATES: Readonly<Record<string, number>> = { INVALID: 1, ESTABLISHED: 2, RELATED: 4, NEW: 8 };
const CONNTRACK = { bytes: 168, flagsAt: 146, statesAt: 150, state: 1 } as const;
const LOCAL = 1 << 2;
const NAT_ADDRESS_AND_PORT = 3;
/** What the layouts of these targets leave to the kernel is zero. */
const NAT_RANGE_BYTES = { DNAT: 48, MASQUERADE: { 4: 24, 6: 40 } } as const;

/** An option of an extension and its value; `undefined` when it is not known here. */
export function readMatch(option: string, value: string, protocol: number, isPlain: boolean): Extension | undefined {
  switch (option) {
    case '--comment':
      return comment(value);
    case '--dport':
      return destinationPort(value, protocol, isPlain);
    case '--destination-ports':
    case '--dports':
      return multiport(value);
    case '--mark':
      return mark(value, isPlain);
    case '--dst-type':
      return value === 'LOCAL' ? only(xtMatch('addrtype', 1, Uint8Array.of(0, 0, LOCAL, 0, 0, 0, 0, 0))) : undefined;
    case '--ctstate':
      return states(value);
    default:
      return undefined;
  }
}

/** A target and its options, which begin at a place among the words; `undefined` when they are not known here. */
export function readTarget(name: string, family: Family, words: readonly string[], at: number): ReadTarget | undefined {
  switch (name) {
    case 'MASQUERADE': {
      const range = new Uint8Array(NAT_RANGE_BYTES.MASQUERADE[family]);
      // IPv4's layout has a number of ranges, which is always one.
      if (family === 4) range[0] = 1;
      return { words: 0, expression: xtTarget(name, 0, range) };
    }
    case 'MARK': {
      const parsed = words[at] === '--set-xmark' ? valueAndMask(words[at + 1]) : undefined;
      return parsed && { words: 2, expression: xtTarget(name, 2, joined(u32(parsed[0]), u32(parsed[1]))) };
    }
    case 'DNAT': {
      const range = words[at] === '--to-destination' ? destination(words[at + 1] ?? '', family) : undefined;
      return range && { words: 2, expression: xtTarget(name, 2, range) };
    }
    default:
      return { words: 0 };
  }
}

function only(expression: Expression): Extension {
  return { expressions: [expression] };
}

function comment(text: string): Extension | undefined {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length >= COMMENT_BYTES) return undefined;
  const info = new Uint8Array(COMMENT_BYTES);
  info.set(bytes);
  return only(xtMatch('comment', 0, info));
}

function destinationPort(text: string, protocol: number, isPlain: boolean): Extension | undefined {
  const port = readPort(text);
  if (port === undefined || (protocol !== TCP && protocol !== UDP)) return undefined;
  if (isPlain) return { expressions: [payload(BASE.transport, 2, 2), compared(portBytes(port), false)] };
  const [high, low] = [port >> 8, port & 255];
  // Source ports from lowest to highest, then the destination's, in the machine's order.
  const info = Uint8Array.of(0, 0, 255, 255, low, high, low, high, 0, 0, 0, 0, 0, 0, 0, 0);
  return only(xtMatch(protocol === TCP ? 'tcp' : 'udp', 0, info));
}

function multiport(text: string): Extension | undefined {
  const info = new Uint8Array(MULTIPORT.bytes);
  info[0] = MULTIPORT.destination;
  let count = 0;
  for (const part of text.split(',')) {
    const port = readPort(part);
    if (port === undefined || count === MULTIPORT.most) return undefined;
    info[2 + 2 * count] = port & 255;
    info[3 + 2 * count] = port >> 8;
    count += 1;
  }
  info[1] = count;
  return { expressions: [xtMatch('multiport', 1, info)], needs: PORTS };
}

function mark(text: string, isPlain: boolean): Extension | undefined {
  const parsed = valueAndMask(text);
  if (parsed === undefined) return undefined;
  const [value, mask] = [u32(parsed[0]), u32(parsed[1])];
  if (isPlain) return { expressions: [meta(META_KEY.mark), masked(mask), compared(value, false)] };
  return only(xtMatch('mark', 1, joined(value, mask, new Uint8Array(8))));
}

function states(text: string): Extension | undefined {
  const info = new Uint8Array(CONNTRACK.bytes);
  let all = 0;
  for (const name of text.split(',')) {
    const state = Object.hasOwn(STATES, name) ? STATES[name] : undefined;
    if (state === undefined) return undefined;
    all |= state;
  }
  info[CONNTRACK.flagsAt] = CONNTRACK.state;
  info[CONNTRACK.statesAt] = all;
  return only(xtMatch('conntrack', 3, info));
}

function destination(text: string, family: Family): Uint8Array | undefined {
  const target = readSocketAddress(text);
  if (target === undefined || (target.family === AF_INET ? 4 : 6) !== family) return undefined;
  const info = new Uint8Array(NAT_RANGE_BYTES.DNAT);
  info[0] = NAT_ADDRESS_AND_PORT;
  // A range from the address to itself, and from the port to itself.
  for (const at of [4, 20]) info.set(target.address, at);
  for (const at of [36, 38]) info.set(target.port, at);
  return info;
}

/** `0x2000/0x2000` */
function valueAndMask(text: string | undefined): readonly [number, number] | undefined {
  const [value, mask, more] = (text ?? '').split('/');
  if (value === undefined || mask === undefined || more !== undefined) return undefined;
  const [first, second] = [readHex(value), readHex(mask)];
  return first === undefined || second === undefined ? undefined : [first, second];
}

function readHex(text: string): number | undefined {
  const value = text.startsWith('0x') ? Number(text) : Number.NaN;
  return value >= 0 && value <= 0xffffffff ? value : undefined;
}

function readPort(text: string): number | undefined {
  return readNumber(text, 65535);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
