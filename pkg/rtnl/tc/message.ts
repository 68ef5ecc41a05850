import { type Attribute, request, textBytes } from '../message.ts';

/** Length of the header that messages about queues and filters have, `struct tcmsg`. */
export const TCMSG_BYTES = 20;

/** Messages about queues and filters. */
export const TC = { qdiscAdd: 36, qdiscDel: 37, qdiscGet: 38, filterAdd: 44, filterGet: 46 } as const;

/** Attributes of queues and filters, `TCA_…`. */
export const TCA = { kind: 1, options: 2 } as const;

/** Where a queue hangs: what leaves a link, what comes in. */
export const PARENT = { root: 0xffff_ffff, ingress: 0xffff_fff1 } as const;

/** The handle `ffff:`, which the queue of what comes in always has. */
export const INGRESS_HANDLE = 0xffff_0000;

/** Attributes and structure of a token bucket filter. */
export const TBF = {
  parameters: 1,
  rate64: 4,
  /** `struct tc_tbf_qopt`: rate, peak rate, and these. */
  limitAt: 24,
  bufferAt: 28,
  bytes: 36,
  /** Inside a rate: that packets are counted as Ethernet's, and bytes a second. */
  linkLayerAt: 1,
  rateAt: 8,
} as const;

/** Attributes of the filter u32. */
export const U32 = { classId: 1, selector: 5, actions: 7 } as const;

/** Attributes and structure of an action that sends packets elsewhere. */
export const MIRRED = {
  kind: 1,
  options: 2,
  parameters: 2,
  /** `struct tc_mirred`. */
  bytes: 28,
  verdictAt: 8,
  directionAt: 20,
  ifindexAt: 24,
  egressRedirect: 1,
  stolen: 4,
} as const;

/** What the header of a message about a queue or a filter says. */
export interface TcHeader {
  readonly ifindex: number;
  readonly handle?: number;
  readonly parent?: number;
  readonly info?: number;
}

/** A request about a queue or a filter; of a new one its kind is said as well. */
export function tcRequest(
  type: number,
  flags: number,
  header: TcHeader,
  kind = '',
  attributes: readonly Attribute[] = [],
): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(TCMSG_BYTES));
  bytes.setInt32(4, header.ifindex, true);
  bytes.setUint32(8, header.handle ?? 0, true);
  bytes.setUint32(12, header.parent ?? 0, true);
  bytes.setUint32(16, header.info ?? 0, true);
  const all: readonly Attribute[] = kind === '' ? attributes : [[TCA.kind, textBytes(kind)], ...attributes];
  return request(type, flags, new Uint8Array(bytes.buffer), all);
}
