import { host } from './host.ts';

/** The web's `TextEncoder`. */
export class Encoder {
  encode(text = ''): Uint8Array<ArrayBuffer> {
    return host.encode(text);
  }

  /** Writes as many whole characters as there is room for. */
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number } {
    const whole = host.encode(text);
    if (whole.length <= target.length) {
      target.set(whole);
      return { read: text.length, written: whole.length };
    }
    let read = 0;
    let written = 0;
    for (const character of text) {
      const bytes = host.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

/** The web's `TextDecoder`, for UTF-8. */
export class Decoder {
  readonly #keepsMark: boolean;
  #rest: Uint8Array | undefined;
  #isStart = true;

  constructor(_encoding = 'utf-8', { ignoreBOM = false }: { readonly ignoreBOM?: boolean } = {}) {
    this.#keepsMark = ignoreBOM;
  }

  decode(bytes: Uint8Array = new Uint8Array(), { stream = false }: { readonly stream?: boolean } = {}): string {
    const whole = this.#rest === undefined ? bytes : joined(this.#rest, bytes);
    const kept = stream ? unfinished(whole) : 0;
    this.#rest = kept === 0 ? undefined : whole.slice(whole.length - kept);
    const text = host.decode(kept === 0 ? whole : whole.subarray(0, whole.length - kept));
    const isStart = this.#isStart;
    this.#isStart = !stream || (isStart && text === '');
    return isStart && !this.#keepsMark && text.startsWith('\u{feff}') ? text.slice(1) : text;
  }
}

/** How many bytes at the end begin a character that is not whole. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
