import { type Attribute, attributesOf, bodiesOf, request, textBytes, textOf } from '../message.ts';
import { RtnlError, type RtnlSocket } from '../socket.ts';
import { readNumber } from '../words.ts';
import { IFINFO_BYTES, IFLA, LINK, linkHeader, WITHOUT_STATISTICS } from './message.ts';

const EBADMSG = 74;

/** What the kernel says of the link with this name. */
export function askByName(socket: RtnlSocket, name: string): DataView {
  return answered(socket, request(LINK.get, 0, linkHeader(0), [[IFLA.ifname, textBytes(name)], WITHOUT_STATISTICS]));
}

/** The same, but where there is no link with the name `if5`, that is the link with the index 5, if there is one. */
export function askByNameOrNumber(socket: RtnlSocket, name: string): DataView | undefined {
  const number = numberIn(name);
  if (number === undefined) return askByName(socket, name);
  return ifThere(() => askByName(socket, name)) ?? ifThere(() => askByIndex(socket, number));
}

/** What the kernel says of the link with this index. */
export function askByIndex(socket: RtnlSocket, index: number): DataView {
  return answered(socket, request(LINK.get, 0, linkHeader(index), [WITHOUT_STATISTICS]));
}

/** The answer to a question about a link; `undefined` when there is no such link. */
export function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (thrown) {
    if (thrown instanceof RtnlError && thrown.code === 'ENODEV') return undefined;
    throw thrown;
  }
}

/** The index of the link with this name; what is only a number is not looked for, as `ip` has it. */
export function indexOf(socket: RtnlSocket, name: string): number {
  const known = socket.indices.get(name);
  if (known !== undefined) return known;
  const number = numberIn(name);
  const link = number === undefined ? askByName(socket, name) : ifThere(() => askByName(socket, name));
  if (link === undefined) return number ?? 0;
  const index = link.getInt32(4, true);
  socket.indices.set(name, index);
  return index;
}

/** The name of the link with this index; `if5` when there is none. What was asked once is in `known` after. */
export function nameOf(socket: RtnlSocket, index: number, known: Map<number, string>): string {
  const before = known.get(index) ?? askedFor(socket, index);
  if (before !== undefined) return before;
  const link = ifThere(() => askByIndex(socket, index));
  const name = link === undefined ? `if${index}` : textOf(attributesOf(link, IFINFO_BYTES).get(IFLA.ifname));
  known.set(index, name);
  return name;
}

/** The name by which the link with this index was asked for. */
function askedFor({ indices }: RtnlSocket, index: number): string | undefined {
  for (const [name, known] of indices) if (known === index) return name;
  return undefined;
}

/** How a request that changes a link names it: by an index in its header, else 0, or by an attribute. */
export function addressed(socket: RtnlSocket, name: string): readonly [index: number, attributes: Attribute[]] {
  // The kernel finds it by its name as well, which saves asking, but has no way with `if5`.
  if (numberIn(name) !== undefined) return [indexOf(socket, name), []];
  return [0, [[IFLA.ifname, textBytes(name)]]];
}

/** The 5 in `if5`. */
function numberIn(name: string): number | undefined {
  return name.startsWith('if') ? readNumber(name.slice(2)) : undefined;
}

function answered(socket: RtnlSocket, question: Uint8Array): DataView {
  const [body] = bodiesOf(socket.exchange(question), IFINFO_BYTES);
  if (body === undefined) throw new RtnlError(EBADMSG, 'the kernel gave no link');
  return body;
}
