import { attributesOf, bytesOf, type Message, textOf } from '../rtnl/message.ts';
import { EXPRESSION, EXTENSION } from './native-expression.ts';
import { MULTIPORT } from './native-extension.ts';
import { expressionsOf } from './native-message.ts';

/** Whether a rule of iptables lists the ports that it is for, and none of these: then it gets none of their packets. */
export function isForOtherPorts(message: Message, ports: ReadonlySet<number>): boolean {
  for (const expression of expressionsOf(message)) {
    const parts = attributesOf(expression, 0);
    const data = parts.get(EXPRESSION.data);
    if (textOf(parts.get(EXPRESSION.name)) !== 'match' || data === undefined) continue;
    const match = attributesOf(data, 0);
    if (textOf(match.get(EXTENSION.name)) !== 'multiport') continue;
    const info = match.get(EXTENSION.info);
    const listed = info === undefined ? undefined : listedPorts(bytesOf(info));
    if (listed !== undefined && !listed.some((port) => ports.has(port))) return true;
  }
  return false;
}

/** The destination's ports that a match lists; `undefined` for one with ranges, a negation, or ports of the source. */
function listedPorts(info: Uint8Array): readonly number[] | undefined {
  const [kind, count = 0] = info;
  if (kind !== MULTIPORT.destination || info.length < MULTIPORT.bytes || count > MULTIPORT.most) return undefined;
  for (let at = MULTIPORT.ranges; at <= MULTIPORT.negation; at++) if (info[at] !== 0) return undefined;
  const ports: number[] = [];
  for (let index = 0; index < count; index++)
    ports.push((info[2 + 2 * index] ?? 0) | ((info[3 + 2 * index] ?? 0) << 8));
  return ports;
}
