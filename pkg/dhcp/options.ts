import { joined } from '../addr/bytes.ts';
/** The options that this client itself reads or writes. */
export const OPTION = {
  pad: 0,
  subnetMask: 1,
  routers: 3,
  hostName: 12,
  staticRoutes: 33,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  parameters: 55,
  maxSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientId: 61,
  userClass: 77,
  classlessRoutes: 121,
  end: 255,
} as const;

/** Options by their numbers. */
export type Options = ReadonlyMap<number, Uint8Array>;

/** What one piece of an option holds at most. */
const MAX_PIECE_BYTES = 255;

/** Writes options in ascending order, the end behind them. What does not fit into one piece is several. */
export function encodeOptions(options: Options): Uint8Array {
  const out: number[] = [];
  for (const code of [...options.keys()].sort((a, b) => a - b)) {
    const data = options.get(code) ?? new Uint8Array();
    if (code === OPTION.pad || code === OPTION.end) continue;
    for (let at = 0; at === 0 || at < data.length; at += MAX_PIECE_BYTES) {
      const piece = data.subarray(at, at + MAX_PIECE_BYTES);
      out.push(code, piece.length, ...piece);
    }
  }
  out.push(OPTION.end);
  return Uint8Array.from(out);
}

/** Adds the options in a field; pieces of the same one are put together. What is cut off at the end does not count. */
export function decodeOptions(field: Uint8Array, options: Map<number, Uint8Array>): void {
  // Put together at the end: there may be tens of thousands of the same one.
  const pieces = new Map<number, Uint8Array[]>();
  for (let at = 0; at < field.length; ) {
    const code = field[at] ?? OPTION.end;
    if (code === OPTION.end) break;
    if (code === OPTION.pad) {
      at += 1;
      continue;
    }
    const length = field[at + 1];
    if (length === undefined || at + 2 + length > field.length) break;
    const own = pieces.get(code) ?? [options.get(code) ?? new Uint8Array()];
    own.push(field.subarray(at + 2, at + 2 + length));
    pieces.set(code, own);
    at += 2 + length;
  }
  for (const [code, own] of pieces) options.set(code, joined(own));
}

/** An option that is one number of four bytes; `undefined` when it is not there or has another length. */
export function numberIn(options: Options, code: number): number | undefined {
  const data = options.get(code);
  if (data === undefined || data.length !== 4) return undefined;
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}

/** The addresses in an option, as many as are whole. */
export function addressesIn(options: Options, code: number): readonly Uint8Array[] {
  const data = options.get(code) ?? new Uint8Array();
  const addresses: Uint8Array[] = [];
  for (let at = 0; at + 4 <= data.length; at += 4) addresses.push(data.slice(at, at + 4));
  return addresses;
}

/** An IPv4 address as text. */
export function addressText(address: Uint8Array): string {
  return address.join('.');
}

/** Whether two addresses are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
