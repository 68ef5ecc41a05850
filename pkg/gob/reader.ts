import { GobError } from './types.ts';

/** Reads the numbers and texts of one message, from its beginning to its end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** How many have. */
  get at(): number {
    return this.#at;
  }

  uint(): number {
    const first = this.#byte();
    if (first < 128) return first;
    const count = 256 - first;
    if (count > 8) throw new GobError(`a number of ${count} bytes`);
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 256 + this.#byte();
    if (!Number.isSafeInteger(value)) throw new GobError('a number that is too large');
    return value;
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  bytes(): Uint8Array {
    const length = this.uint();
    if (length > this.left) throw new GobError(`${length} bytes were announced, and only ${this.left} are there`);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.bytes());
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new GobError('the message ends too early');
    this.#at += 1;
    return byte;
  }
}
