/** A call of a method whose arguments are texts. */
export interface MethodCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly args: readonly string[];
}

/** What came back for a call. */
export interface Reply {
  readonly serial: number;
  /** Name of the error, for a call that failed. */
  readonly error?: string;
  /** The first value, where it is a text or a truth value. */
  readonly value?: string | boolean;
}

/** What a bus sent is none of its messages. */
export class DamagedMessage extends Error {
  constructor() {
    super('the message bus sent a damaged message');
  }
}

/** No message is longer, says the specification. */
const LONGEST_BYTES = 128 * 1024 * 1024;

const CALL = 1;
const RETURN = 2;
const ERROR = 3;
const VERSION = 1;
const LITTLE_ENDIAN = 0x6c;
/** Header fields, by their codes. */
const FIELD = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 } as const;
const FIXED_BYTES = 16;

/** A call as it goes over the wire. */
export function encodeCall(call: MethodCall, serial: number): Uint8Array {
  const body = new Writer();
  for (const arg of call.args) body.text(arg);
  const head = new Writer();
  head.byte(LITTLE_ENDIAN);
  head.byte(CALL);
  head.byte(0);
  head.byte(VERSION);
  head.number(body.length);
  head.number(serial);
  const fields = new Writer();
  fields.field(FIELD.path, 'o', call.path);
  fields.field(FIELD.interface, 's', call.interface);
  fields.field(FIELD.member, 's', call.member);
  fields.field(FIELD.destination, 's', call.destination);
  if (call.args.length > 0) fields.field(FIELD.signature, 'g', 's'.repeat(call.args.length));
  head.number(fields.length);
  head.bytes(fields.written());
  head.align(8);
  head.bytes(body.written());
  return head.written();
}

/**
 * How many bytes the message has that begins here; `undefined` while too few are there to tell.
 *
 * @throws {DamagedMessage} when no message has so many
 */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = bytes[0] === LITTLE_ENDIAN;
  const length = aligned(FIXED_BYTES + view.getUint32(12, isLittle), 8) + view.getUint32(4, isLittle);
  if (length > LONGEST_BYTES) throw new DamagedMessage();
  return length;
}

/**
 * A reply to a call of ours; `undefined` for anything else that a bus may send.
 *
 * @throws {DamagedMessage} when it ends before its own lengths say
 */
export function decodeReply(message: Uint8Array): Reply | undefined {
  if (message[1] !== RETURN && message[1] !== ERROR) return undefined;
  const isLittle = message[0] === LITTLE_ENDIAN;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const fieldsEnd = FIXED_BYTES + numberAt(view, 12, isLittle);
  const fields = readFields(view, fieldsEnd, isLittle);
  const value = firstValue(view, aligned(fieldsEnd, 8), fields.get(FIELD.signature), isLittle);
  const error = message[1] === ERROR ? String(fields.get(FIELD.errorName) ?? '') : undefined;
  return {
    serial: Number(fields.get(FIELD.replySerial) ?? 0),
    ...(error === undefined ? {} : { error }),
    ...(value === undefined ? {} : { value }),
  };
}

function readFields(view: DataView, end: number, isLittle: boolean): ReadonlyMap<number, string | number> {
  const fields = new Map<number, string | number>();
  for (let at = FIXED_BYTES; at < end; ) {
    at = aligned(at, 8);
    const code = byteAt(view, at);
    // A signature of one letter: its length, the letter, a zero.
    const type = String.fromCharCode(byteAt(view, at + 2));
    at += 4;
    if (type === 'g') {
      const length = byteAt(view, at);
      fields.set(code, textAt(view, at + 1, length));
      at += length + 2;
    } else {
      at = aligned(at, 4);
      const number = numberAt(view, at, isLittle);
      fields.set(code, type === 'u' ? number : textAt(view, at + 4, number));
      at += type === 'u' ? 4 : number + 5;
    }
  }
  return fields;
}

function firstValue(
  view: DataView,
  at: number,
  signature: string | number | undefined,
  isLittle: boolean,
): string | boolean | undefined {
  const [type] = String(signature ?? '');
  if (type === 'b') return numberAt(view, at, isLittle) === 1;
  if (type === 's' || type === 'o') return textAt(view, at + 4, numberAt(view, at, isLittle));
  return undefined;
}

function byteAt(view: DataView, at: number): number {
  return view.getUint8(whole(view, at, 1));
}

function numberAt(view: DataView, at: number, isLittle: boolean): number {
  return view.getUint32(whole(view, at, 4), isLittle);
}

/** A place behind which so many bytes are. */
function whole(view: DataView, at: number, length: number): number {
  if (at + length > view.byteLength) throw new DamagedMessage();
  return at;
}

function textAt(view: DataView, at: number, length: number): string {
  whole(view, at, length);
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

function aligned(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}

/** Bytes that grow, each value at the place that its type asks for. */
class Writer {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  written(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  byte(value: number): void {
    this.#bytes.push(value);
  }

  bytes(values: Uint8Array): void {
    for (const value of values) this.#bytes.push(value);
  }

  align(to: number): void {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
  }

  number(value: number): void {
    this.align(4);
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 0xff);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.number(bytes.length);
    this.bytes(bytes);
    this.byte(0);
  }

  /** A header field: its code, the signature of its value, the value. */
  field(code: number, type: 'o' | 's' | 'g', value: string): void {
    this.align(8);
    this.byte(code);
    this.byte(1);
    this.byte(type.charCodeAt(0));
    this.byte(0);
    if (type === 'g') {
      this.byte(value.length);
      this.bytes(new TextEncoder().encode(value));
      this.byte(0);
    } else this.text(value);
  }
}
