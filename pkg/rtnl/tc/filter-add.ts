import type { NativeCommand } from '../commands.ts';
import { indexOf } from '../link/names.ts';
import { type Attribute, FLAG, nested, textBytes, u32 } from '../message.ts';
import { readName } from '../words.ts';
import { INGRESS_HANDLE, MIRRED, TC, TCA, tcRequest, U32 } from './message.ts';

/** What stands between the names of the two links. */
const BETWEEN =
  'parent ffff: protocol all prio 1 u32 match u32 0 0 classid 1:1 action mirred egress redirect dev'.split(' ');

/** The priority 1, and all protocols in the order of bytes of the network. */
const PRIORITY_AND_PROTOCOL = 0x0001_0300;

/** One key that any packet has; behind it nothing else is looked at. */
const SELECTOR_BYTES = 32;
const SELECTOR_TERMINAL = 1;

/** `filter add dev NAME parent ffff: … action mirred egress redirect dev NAME`: all that comes in goes to another link. */
export function filterAdd(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  const target = readName(words[4 + BETWEEN.length]);
  if (words[2] !== 'dev' || name === undefined || target === undefined) return undefined;
  if (words.length !== 5 + BETWEEN.length || BETWEEN.some((word, index) => words[4 + index] !== word)) return undefined;
  return (socket) => {
    const header = { ifindex: indexOf(socket, name), parent: INGRESS_HANDLE, info: PRIORITY_AND_PROTOCOL };
    const options: Attribute = [TCA.options, nested(matchAll(indexOf(socket, target)))];
    socket.exchange(tcRequest(TC.filterAdd, FLAG.create | FLAG.excl | FLAG.ack, header, 'u32', [options]));
  };
}

function matchAll(target: number): readonly Attribute[] {
  const selector = new Uint8Array(SELECTOR_BYTES);
  selector[0] = SELECTOR_TERMINAL;
  selector[2] = 1;
  const parameters = new DataView(new ArrayBuffer(MIRRED.bytes));
  parameters.setUint32(MIRRED.verdictAt, MIRRED.stolen, true);
  parameters.setInt32(MIRRED.directionAt, MIRRED.egressRedirect, true);
  parameters.setUint32(MIRRED.ifindexAt, target, true);
  const action = nested([
    [MIRRED.kind, textBytes('mirred')],
    [MIRRED.options, nested([[MIRRED.parameters, new Uint8Array(parameters.buffer)]])],
  ]);
  return [
    [U32.classId, u32(0x10001)],
    [U32.selector, selector],
    [U32.actions, nested([[1, action]])],
  ];
}
