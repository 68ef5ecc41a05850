import { joined } from '../addr/bytes.ts';
import { GobDecoder } from './decode.ts';
import { GobEncoder } from './encode.ts';
import { GobError, type GobObject, type GobValue, STRING, type StructType, UINT } from './types.ts';

/** What a client of Go's `net/rpc` begins with. */
export const CONNECT = 'CONNECT /_goRPC_ HTTP/1.0\n\n';
/** What the server answers to it. */
export const CONNECTED = 'HTTP/1.0 200 Connected to Go RPC\n\n';

/** The head of a call. */
export const REQUEST: StructType = {
  kind: 'struct',
  name: 'Request',
  fields: [
    ['ServiceMethod', STRING],
    ['Seq', UINT],
  ],
};

/** The head of an answer. */
export const RESPONSE: StructType = {
  kind: 'struct',
  name: 'Response',
  fields: [
    ['ServiceMethod', STRING],
    ['Seq', UINT],
    ['Error', STRING],
  ],
};

/** The body of an answer that has nothing to say. */
export const NOTHING: StructType = { kind: 'struct', name: '', fields: [] };

/** Longest head of HTTP that is read. */
const MAX_HEAD_BYTES = 4096;

/** The bytes of one call on a fresh connection. */
export function encodeCall(method: string, type: StructType, args: GobValue): Uint8Array {
  const encoder = new GobEncoder();
  return joined([encoder.encode(REQUEST, { ServiceMethod: method }), encoder.encode(type, args)]);
}

/** One answer of a server, or its refusal. */
export interface Reply {
  readonly error: string;
  readonly body: GobObject;
}

/** Understands what comes on one connection: first a head of HTTP, then pairs of a gob for the head and one for the body. */
export class RpcReader {
  readonly #decoder = new GobDecoder();
  #head: string | undefined = '';
  #first: GobObject | undefined;

  /** Takes bytes that came; gives the lines of HTTP when they are complete with these. */
  push(bytes: Uint8Array): string | undefined {
    if (this.#head === undefined) {
      this.#decoder.push(bytes);
      return undefined;
    }
    for (const [index, byte] of bytes.entries()) {
      this.#head += String.fromCharCode(byte);
      if (this.#head.length > MAX_HEAD_BYTES) throw new GobError('what came is no call of an RPC client');
      if (!this.#head.endsWith('\n\n') && !this.#head.endsWith('\n\r\n')) continue;
      const head = this.#head;
      this.#head = undefined;
      this.#decoder.push(bytes.subarray(index + 1));
      return head;
    }
    return undefined;
  }

  /** The next head with its body; `undefined` when not all of it has come yet. */
  next(): { readonly head: GobObject; readonly body: GobObject } | undefined {
    this.#first ??= this.#decoder.next();
    if (this.#first === undefined) return undefined;
    const body = this.#decoder.next();
    if (body === undefined) return undefined;
    const head = this.#first;
    this.#first = undefined;
    return { head, body };
  }
}
