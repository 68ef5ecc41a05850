import { attributesOf, bytesOf, type Message } from '../rtnl/message.ts';
import { type Expression, NESTED } from './native-expression.ts';
import { expressionsOf } from './native-message.ts';
import type { EncodedRule } from './native-rule.ts';

/** `counter`, with its zero: how much a rule has counted is not what it is. */
const COUNTER_NAME = 'counter\0';
const HEADER_BYTES = 4;

/** Whether a rule that the kernel lists is this one, whatever it has counted. */
export function isSameRule(message: Message, rule: Pick<EncodedRule, 'expressions'>): boolean {
  const listed = expressionsOf(message);
  if (listed.length !== rule.expressions.length) return false;
  for (let index = 0; index < listed.length; index++) {
    const [one, other] = [listed[index], rule.expressions[index]];
    if (one === undefined || other === undefined) return false;
    if (!isCounter(other) && !contains(one, other)) return false;
    if (isCounter(other) && !isCounter(bytesOf(one))) return false;
  }
  return true;
}

function isCounter(expression: Expression): boolean {
  if (expression.length < HEADER_BYTES + COUNTER_NAME.length) return false;
  for (let index = 0; index < COUNTER_NAME.length; index++) {
    if (expression[HEADER_BYTES + index] !== COUNTER_NAME.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether all attributes are there with the same values; newer kernels tell of more than they were given. */
function contains(listed: DataView, wanted: Uint8Array): boolean {
  const there = attributesOf(listed, 0);
  const view = new DataView(wanted.buffer, wanted.byteOffset, wanted.byteLength);
  for (let at = 0; at + HEADER_BYTES <= wanted.length; ) {
    const length = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    const value = wanted.subarray(at + HEADER_BYTES, at + length);
    const other = there.get(type & ~NESTED);
    if (other === undefined) return false;
    if ((type & NESTED) === 0 ? !isEqual(bytesOf(other), value) : !contains(other, value)) return false;
    at += (length + 3) & ~3;
  }
  return true;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
