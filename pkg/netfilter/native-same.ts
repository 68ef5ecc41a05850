import type { Message } from '../rtnl/message.ts';
import { type Expression, NESTED } from './native-expression.ts';
import { expressionsOf } from './native-message.ts';
import type { EncodedRule } from './native-rule.ts';

/** `counter`, with its zero: how much a rule has counted is not what it is. */
const COUNTER_NAME = Uint8Array.from('counter\0', (character) => character.charCodeAt(0));
const HEADER_BYTES = 4;

/** Whether a rule that the kernel lists is this one, whatever it has counted. */
export function isSameRule(message: Message, rule: Pick<EncodedRule, 'expressions'>): boolean {
  const listed = expressionsOf(message);
  if (listed.length !== rule.expressions.length) return false;
  for (let index = 0; index < listed.length; index++) {
    const [one, other] = [listed[index], rule.expressions[index]];
    if (one === undefined || other === undefined || !isSameExpression(one, viewOf(other))) return false;
  }
  return true;
}

function isSameExpression(listed: DataView, wanted: DataView): boolean {
  return isCounter(wanted) ? isCounter(listed) : contains(listed, wanted);
}

function isCounter(expression: DataView): boolean {
  const { byteLength } = COUNTER_NAME;
  if (expression.byteLength < HEADER_BYTES + byteLength) return false;
  return isEqual(partOf(expression, HEADER_BYTES, byteLength), viewOf(COUNTER_NAME));
}

/** Whether all attributes are there with the same values; newer kernels tell of more than they were given. */
function contains(listed: DataView, wanted: DataView): boolean {
  let place = 0;
  for (let at = 0; at + HEADER_BYTES <= wanted.byteLength; at += paddedLength(wanted, at)) {
    const type = wanted.getUint16(at + 2, true);
    const found = placeOf(listed, type & ~NESTED, place);
    if (found === undefined) return false;
    const [value, other] = [valueAt(wanted, at), valueAt(listed, found)];
    if ((type & NESTED) === 0 ? !isEqual(other, value) : !contains(other, value)) return false;
    place = found + paddedLength(listed, found);
  }
  return true;
}

/** Where an attribute is. It is looked for from a place on first: both tell them in much the same order. */
function placeOf(attributes: DataView, type: number, from: number): number | undefined {
  for (let at = from; at + HEADER_BYTES <= attributes.byteLength; at += paddedLength(attributes, at)) {
    const length = attributes.getUint16(at, true);
    // It says of itself where it ends.
    if (length < HEADER_BYTES || at + length > attributes.byteLength) break;
    if ((attributes.getUint16(at + 2, true) & ~NESTED) === type) return at;
  }
  return from === 0 ? undefined : placeOf(attributes, type, 0);
}

function valueAt(attributes: DataView, at: number): DataView {
  return partOf(attributes, at + HEADER_BYTES, attributes.getUint16(at, true) - HEADER_BYTES);
}

/** How far it is to the next attribute. */
function paddedLength(attributes: DataView, at: number): number {
  return (attributes.getUint16(at, true) + 3) & ~3;
}

function isEqual(a: DataView, b: DataView): boolean {
  const { byteLength } = a;
  if (byteLength !== b.byteLength) return false;
  const inWords = byteLength & ~3;
  for (let at = 0; at < inWords; at += 4) if (a.getUint32(at) !== b.getUint32(at)) return false;
  for (let at = inWords; at < byteLength; at++) if (a.getUint8(at) !== b.getUint8(at)) return false;
  return true;
}

function viewOf(expression: Expression): DataView {
  return partOf(expression, 0, expression.byteLength);
}

function partOf({ buffer, byteOffset }: ArrayBufferView, at: number, length: number): DataView {
  return new DataView(buffer, byteOffset + at, length);
}
