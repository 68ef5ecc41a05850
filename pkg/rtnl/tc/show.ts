import type { NativeCommand } from '../commands.ts';
import { indexOf, nameOf } from '../link/names.ts';
import { attributesOf, bodiesOf, FLAG, listedIn, textOf } from '../message.ts';
import type { RtnlSocket } from '../socket.ts';
import { readName } from '../words.ts';
import { INGRESS_HANDLE, MIRRED, PARENT, TBF, TC, TCA, TCMSG_BYTES, tcRequest, U32 } from './message.ts';

/** What `tc -j -r qdisc show` says of a queue, as far as plugins look at it. */
export interface ShownQdisc {
  readonly kind: string;
  readonly handle: string;
  readonly root?: true;
  /** Of a token bucket; those of others are not looked at. */
  readonly options: Partial<ShownBucket>;
}

/** What a token bucket is like. */
export interface ShownBucket {
  /** Bytes a second. */
  readonly rate: number;
  /** What it may save up, in the kernel's units of time, hexadecimal. */
  readonly burst_raw: string;
  /** How many bytes may wait. */
  readonly limit: number;
}

/** What `tc -j filter show` says of a filter, as far as plugins look at it. */
export interface ShownFilter {
  readonly kind: string;
  readonly options?: { readonly actions?: readonly ShownAction[] };
}

/** Where a filter sends packets. */
export interface ShownAction {
  readonly kind: string;
  readonly mirred_action?: string;
  readonly direction?: string;
  readonly to_dev?: string;
}

/** `-r qdisc show dev NAME`. */
export function qdiscShow(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  if (words[2] !== 'dev' || name === undefined || words.length !== 4) return undefined;
  return (socket) => {
    const ifindex = indexOf(socket, name);
    const shown: ShownQdisc[] = [];
    // The kernel tells about all links; `tc` as well chooses by itself.
    for (const body of bodiesOf(socket.exchange(tcRequest(TC.qdiscGet, FLAG.dump, { ifindex })), TCMSG_BYTES)) {
      if (body.getInt32(4, true) === ifindex) shown.push(shownQdisc(body));
    }
    return shown;
  };
}

function shownQdisc(body: DataView): ShownQdisc {
  const attributes = attributesOf(body, TCMSG_BYTES);
  const kind = textOf(attributes.get(TCA.kind));
  const options = attributes.get(TCA.options);
  return {
    kind,
    handle: `${(body.getUint32(8, true) >>> 16).toString(16)}:`,
    ...(body.getUint32(12, true) === PARENT.root ? { root: true } : {}),
    options: kind === 'tbf' && options !== undefined ? shownBucket(options) : {},
  };
}

function shownBucket(options: DataView): Partial<ShownBucket> {
  const attributes = attributesOf(options, 0);
  const parameters = attributes.get(TBF.parameters);
  if (parameters === undefined || parameters.byteLength < TBF.bytes) return {};
  const large = attributes.get(TBF.rate64);
  return {
    rate:
      large === undefined || large.byteLength < 8
        ? parameters.getUint32(TBF.rateAt, true)
        : Number(large.getBigUint64(0, true)),
    burst_raw: parameters.getUint32(TBF.bufferAt, true).toString(16),
    limit: parameters.getUint32(TBF.limitAt, true),
  };
}

/** `filter show dev NAME parent ffff:`. */
export function filterShow(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  if (words[2] !== 'dev' || name === undefined || words.slice(4).join(' ') !== 'parent ffff:') return undefined;
  return (socket) => {
    const header = { ifindex: indexOf(socket, name), parent: INGRESS_HANDLE };
    const shown: ShownFilter[] = [];
    for (const body of bodiesOf(socket.exchange(tcRequest(TC.filterGet, FLAG.dump, header)), TCMSG_BYTES)) {
      shown.push(shownFilter(socket, body));
    }
    return shown;
  };
}

function shownFilter(socket: RtnlSocket, body: DataView): ShownFilter {
  const attributes = attributesOf(body, TCMSG_BYTES);
  const kind = textOf(attributes.get(TCA.kind));
  const options = attributes.get(TCA.options);
  if (options === undefined) return { kind };
  const list = kind === 'u32' ? attributesOf(options, 0).get(U32.actions) : undefined;
  if (list === undefined) return { kind, options: {} };
  const actions: ShownAction[] = [];
  for (const action of listedIn(list)) actions.push(shownAction(socket, action));
  return { kind, options: { actions } };
}

function shownAction(socket: RtnlSocket, action: DataView): ShownAction {
  const attributes = attributesOf(action, 0);
  const kind = textOf(attributes.get(MIRRED.kind));
  const options = attributes.get(MIRRED.options);
  const parameters = options && attributesOf(options, 0).get(MIRRED.parameters);
  if (kind !== 'mirred' || parameters === undefined || parameters.byteLength < MIRRED.bytes) return { kind };
  if (parameters.getInt32(MIRRED.directionAt, true) !== MIRRED.egressRedirect) return { kind };
  const to = nameOf(socket, parameters.getUint32(MIRRED.ifindexAt, true), new Map());
  return { kind, mirred_action: 'redirect', direction: 'egress', to_dev: to };
}
