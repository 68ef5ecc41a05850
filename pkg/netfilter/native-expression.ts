import { type Attribute, nested, textBytes, u32 } from '../rtnl/message.ts';

/** Marks an attribute whose value is made of attributes. */
export const NESTED = 0x8000;

/** What a packet is looked at with, or what is done with it: one part of a rule. */
export type Expression = Uint8Array;

const LIST_ELEMENT = 1;
/** Attributes of an expression. */
export const EXPRESSION = { name: 1, data: 2 } as const;
/** The register that iptables computes in. */
const REGISTER = u32be(1);
const VERDICT_REGISTER = u32be(0);
const VALUE = 1;
const VERDICT = { data: 2, code: 1, chain: 2 } as const;
const JUMP = -3;
const PAYLOAD = { register: 1, base: 2, offset: 3, length: 4 } as const;
const BITWISE = { source: 1, destination: 2, length: 3, mask: 4, xor: 5 } as const;
const COMPARISON = { register: 1, operation: 2, data: 3 } as const;
const META = { register: 1, key: 2 } as const;
const LOOKUP = { set: 1, register: 2, flags: 5 } as const;
const COUNTER = { bytes: 1, packets: 2 } as const;
const IMMEDIATE = { register: 1, data: 2 } as const;
/** Attributes of an extension of iptables. */
export const EXTENSION = { name: 1, revision: 2, info: 3 } as const;

/** Where a part of a packet is counted from. */
export const BASE = { network: 1, transport: 2 } as const;

/** What is known of a packet besides its bytes. */
export const META_KEY = { mark: 3, inputName: 6, outputName: 7, family: 15, protocol: 16 } as const;

/** Verdicts that lead to no chain. */
export const VERDICT_CODE = { DROP: 0, ACCEPT: 1, RETURN: -5 } as const;

/** Loads bytes of the packet. */
export function payload(base: number, offset: number, length: number): Expression {
  return expression('payload', [
    [PAYLOAD.register, REGISTER],
    [PAYLOAD.base, u32be(base)],
    [PAYLOAD.offset, u32be(offset)],
    [PAYLOAD.length, u32be(length)],
  ]);
}

/** Loads something that is known of the packet, beside what other registers have. */
export function meta(key: number, register = 1): Expression {
  return expression('meta', [
    [META.key, u32be(key)],
    [META.register, u32be(register)],
  ]);
}

/** Goes on with packets for which what was loaded, from the first register on, is in a set. */
export function isIn(set: string): Expression {
  return expression('lookup', [
    [LOOKUP.set, textBytes(set)],
    [LOOKUP.register, REGISTER],
    [LOOKUP.flags, u32be(0)],
  ]);
}

/** Keeps of what was loaded the bits of a mask. */
export function masked(mask: Uint8Array): Expression {
  return expression('bitwise', [
    [BITWISE.source, REGISTER],
    [BITWISE.destination, REGISTER],
    [BITWISE.length, u32be(mask.length)],
    [BITWISE.mask | NESTED, nested([[VALUE, mask]])],
    [BITWISE.xor | NESTED, nested([[VALUE, new Uint8Array(mask.length)]])],
  ]);
}

/** Goes on with packets for which what was loaded is this, or is not. */
export function compared(data: Uint8Array, isInverted: boolean): Expression {
  return expression('cmp', [
    [COMPARISON.register, REGISTER],
    [COMPARISON.operation, u32be(isInverted ? 1 : 0)],
    [COMPARISON.data | NESTED, nested([[VALUE, data]])],
  ]);
}

/** Counts, from nothing. */
export function counter(): Expression {
  return expression('counter', [
    [COUNTER.bytes, new Uint8Array(8)],
    [COUNTER.packets, new Uint8Array(8)],
  ]);
}

/** Ends with a verdict. */
export function verdict(code: number): Expression {
  return immediate([[VERDICT.code, u32be(code)]]);
}

/** Goes to a chain and comes back. */
export function jump(chain: string): Expression {
  return verdictTo(JUMP, chain);
}

/** Ends with a verdict that leads to a chain. */
export function verdictTo(code: number, chain: string): Expression {
  return immediate([
    [VERDICT.code, u32be(code)],
    [VERDICT.chain, textBytes(chain)],
  ]);
}

/** Puts a value into a register. */
export function loaded(register: number, value: Uint8Array): Expression {
  return expression('immediate', [
    [IMMEDIATE.register, u32be(register)],
    [IMMEDIATE.data | NESTED, nested([[VALUE, value]])],
  ]);
}

/** A match of iptables' own, in the layout that it shares with the kernel. */
export function xtMatch(name: string, revision: number, info: Uint8Array): Expression {
  return extension('match', name, revision, info);
}

/** A target of iptables' own. */
export function xtTarget(name: string, revision: number, info: Uint8Array): Expression {
  return extension('target', name, revision, info);
}

/** What nft keeps with a rule, its comment: a kind, a length, the text with its zero. */
export function commentData(comment: string): Uint8Array {
  const text = new TextEncoder().encode(`${comment}\0`);
  const data = new Uint8Array(text.length + 2);
  data[1] = text.length;
  data.set(text, 2);
  return data;
}

/** The expressions of a rule, as a list of the kernel's. */
export function expressionList(expressions: readonly Expression[]): Uint8Array {
  const elements: Attribute[] = [];
  for (const one of expressions) elements.push([LIST_ELEMENT | NESTED, one]);
  return nested(elements);
}

/** A number as nf_tables wants it, high byte first. */
export function u32be(value: number): Uint8Array {
  return u32(value).reverse();
}

function extension(kind: string, name: string, revision: number, info: Uint8Array): Expression {
  return expression(kind, [
    [EXTENSION.name, textBytes(name)],
    [EXTENSION.revision, u32be(revision)],
    [EXTENSION.info, info],
  ]);
}

function immediate(code: readonly Attribute[]): Expression {
  const data = nested([[VERDICT.data | NESTED, nested(code)]]);
  return expression('immediate', [
    [IMMEDIATE.register, VERDICT_REGISTER],
    [IMMEDIATE.data | NESTED, data],
  ]);
}

/** Any expression, by its name. */
export function expression(name: string, data: readonly Attribute[]): Expression {
  return nested([
    [EXPRESSION.name, textBytes(name)],
    [EXPRESSION.data | NESTED, nested(data)],
  ]);
}
