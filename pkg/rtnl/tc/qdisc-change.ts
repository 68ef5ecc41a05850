import type { NativeCommand } from '../commands.ts';
import { indexOf } from '../link/names.ts';
import { type Attribute, FLAG, nested, u32 } from '../message.ts';
import { readName, readNumber } from '../words.ts';
import { INGRESS_HANDLE, PARENT, TBF, TC, TCA, tcRequest } from './message.ts';

const LARGEST_U32 = 0xffff_ffff;

/** As much as a link passes on at once. */
const LARGEST_PACKET = 65536;

/** How the kernel's queues count time: in units of 64 ns. */
const TICKS_PER_MICROSECOND = 1000 / 64;

const LINK_LAYER_ETHERNET = 1;

/**
 * How long a burst takes at a rate, as the kernel is told: whole microseconds in ticks. Of longer times than the number
 * can have its low bits are left, as with the reference, which compares them; but never so few that no packet passes.
 */
export function burstTicks(bytesPerSecond: number, burstBytes: number): number {
  const ticks = Math.trunc(Math.trunc((burstBytes * 1e6) / bytesPerSecond) * TICKS_PER_MICROSECOND);
  const left = ticks % (LARGEST_U32 + 1);
  const isTooShort = (left / TICKS_PER_MICROSECOND / 1e6) * bytesPerSecond < LARGEST_PACKET;
  return left < ticks && isTooShort ? LARGEST_U32 : left;
}

/** `qdisc add dev NAME handle ffff: ingress`, `qdisc add dev NAME root handle 1: tbf rate Nbps burst N limit N`. */
export function qdiscAdd(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  if (words[2] !== 'dev' || name === undefined) return undefined;
  const what = words.slice(4, 8).join(' ');
  if (what === 'handle ffff: ingress') {
    return adding(name, INGRESS_HANDLE, PARENT.ingress, 'ingress', []);
  }
  const bucket = what === 'root handle 1: tbf' ? readBucket(words.slice(8)) : undefined;
  return bucket && adding(name, 0x10000, PARENT.root, 'tbf', [[TCA.options, nested(bucket)]]);
}

/** `qdisc del dev NAME root|ingress`. */
export function qdiscDel(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  const [, , , , which] = words;
  if (words[2] !== 'dev' || name === undefined || words.length !== 5) return undefined;
  if (which !== 'root' && which !== 'ingress') return undefined;
  const handle = which === 'ingress' ? INGRESS_HANDLE : 0;
  return (socket) => {
    const header = { ifindex: indexOf(socket, name), handle, parent: PARENT[which] };
    socket.exchange(tcRequest(TC.qdiscDel, FLAG.ack, header));
  };
}

function adding(
  name: string,
  handle: number,
  parent: number,
  kind: string,
  attributes: readonly Attribute[],
): NativeCommand {
  return (socket) => {
    const header = { ifindex: indexOf(socket, name), handle, parent };
    socket.exchange(tcRequest(TC.qdiscAdd, FLAG.create | FLAG.excl | FLAG.ack, header, kind, attributes));
  };
}

function readBucket(words: readonly string[]): readonly Attribute[] | undefined {
  const [rateWord, rateText = '', burstWord, burstText, limitWord, limitText] = words;
  if (rateWord !== 'rate' || burstWord !== 'burst' || limitWord !== 'limit' || words.length !== 6) return undefined;
  const rate = rateText.endsWith('bps') ? readRate(rateText.slice(0, -3)) : undefined;
  const burst = readNumber(burstText, LARGEST_U32);
  const limit = readNumber(limitText, LARGEST_U32);
  // What is missing or 0 `tc` has words for.
  if (!rate || !burst || !limit) return undefined;
  const parameters = new DataView(new ArrayBuffer(TBF.bytes));
  parameters.setUint8(TBF.linkLayerAt, LINK_LAYER_ETHERNET);
  parameters.setUint32(TBF.rateAt, Math.min(rate, LARGEST_U32), true);
  parameters.setUint32(TBF.limitAt, limit, true);
  parameters.setUint32(TBF.bufferAt, burstTicks(rate, burst), true);
  const attributes: Attribute[] = [[TBF.parameters, new Uint8Array(parameters.buffer)]];
  if (rate > LARGEST_U32) {
    const high = Math.floor(rate / (LARGEST_U32 + 1));
    attributes.push([TBF.rate64, new Uint8Array([...u32(rate % (LARGEST_U32 + 1)), ...u32(high)])]);
  }
  return attributes;
}

/** A rate can be more than other numbers. */
function readRate(text: string): number | undefined {
  const rate = Number(text);
  return String(rate) === text && Number.isSafeInteger(rate) && rate > 0 ? rate : undefined;
}
