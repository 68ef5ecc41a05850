import { host } from './host.ts';

type Encoding = 'utf8' | 'hex' | 'base64' | 'latin1';

const DIGITS = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The part of Node's `Buffer` that the program uses. */
export class Buffer extends Uint8Array<ArrayBuffer> {
  static override from(source: unknown, ...more: readonly unknown[]): Buffer {
    if (typeof source === 'string') return view(more[0] === 'hex' ? fromHex(source) : host.encode(source));
    if (source instanceof ArrayBuffer) return new Buffer(source, Number(more[0] ?? 0), lengthOf(source, more));
    return view(new Uint8Array(source as ArrayLike<number>));
  }

  static byteLength(text: string): number {
    return host.encode(text).length;
  }

  override toString(encoding: Encoding = 'utf8'): string {
    if (encoding === 'hex') return toHex(this);
    if (encoding === 'base64') return toBase64(this);
    if (encoding === 'latin1') return String.fromCharCode(...this);
    return host.decode(this);
  }

  equals(other: Uint8Array): boolean {
    return other.length === this.length && host.libc('memcmp')(this, other, this.length) === 0;
  }

  /** Whether these bytes, or those of a text, are in it; numbers as in any typed array. */
  override includes(wanted: number | string | Uint8Array, from = 0): boolean {
    if (typeof wanted === 'number') return super.includes(wanted, from);
    const bytes = typeof wanted === 'string' ? host.encode(wanted) : wanted;
    if (bytes.length === 0) return true;
    const rest = this.subarray(from);
    return rest.length >= bytes.length && place()(rest, rest.length, bytes, bytes.length) !== 0;
  }
}

let memmem: NativeFunction | undefined;

/** Bound once: hundreds of rules are looked through in a row. */
function place(): NativeFunction {
  memmem ??= host.libc('memmem');
  return memmem;
}

function lengthOf(buffer: ArrayBuffer, [offset, length]: readonly unknown[]): number {
  return length === undefined ? buffer.byteLength - Number(offset ?? 0) : Number(length);
}

function view(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return new Buffer(bytes.buffer, bytes.byteOffset, bytes.length);
}

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += `${DIGITS[byte >> 4]}${DIGITS[byte & 15]}`;
  return text;
}

/** Ends where a pair is not hexadecimal, as Node's does. */
function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const pairs = /^(?:[0-9a-f]{2})*/i.exec(text)?.[0] ?? '';
  const bytes = new Uint8Array(pairs.length / 2);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Number.parseInt(pairs.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const digit = (shift: number) => BASE64[(bits >> shift) & 63];
    text += `${digit(18)}${digit(12)}${b === undefined ? '=' : digit(6)}${c === undefined ? '=' : digit(0)}`;
  }
  return text;
}
