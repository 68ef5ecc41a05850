/** Where a value stands in a text: from the first character to behind the last. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A value of a JSON text with its place. */
export type JsonNode = ObjectNode | ListNode | ScalarNode;

/** An object; members in their order, a key that stands twice is there twice. */
export interface ObjectNode extends Span {
  readonly kind: 'object';
  readonly members: readonly Member[];
}

/** A list. */
export interface ListNode extends Span {
  readonly kind: 'list';
  readonly items: readonly JsonNode[];
}

/** A text, a number, true, false or null. */
export interface ScalarNode extends Span {
  readonly kind: 'scalar';
}

/** One key of an object. */
export interface Member {
  readonly key: string;
  /** The key with its quotes. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: JsonNode;
}

/** The values of a text that is valid JSON, with their places: decoding alone does not tell them. */
export function jsonTree(text: string): JsonNode {
  return new Reader(text).value();
}

/** Where the text of a scalar ends. */
const SCALAR_END = /[\s,\]}]/g;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JsonNode {
    this.#skipSpace();
    const start = this.#at;
    switch (this.#text[start]) {
      case '{':
        return { kind: 'object', start, members: this.#all('}', () => this.#member()), end: this.#at };
      case '[':
        return { kind: 'list', start, items: this.#all(']', () => this.value()), end: this.#at };
      case '"':
        this.#skipString();
        return { kind: 'scalar', start, end: this.#at };
      default:
        SCALAR_END.lastIndex = start;
        this.#at = SCALAR_END.exec(this.#text)?.index ?? this.#text.length;
        return { kind: 'scalar', start, end: this.#at };
    }
  }

  #member(): Member {
    const keyStart = this.#at;
    this.#skipString();
    const keyEnd = this.#at;
    this.#skipSpace();
    // The colon.
    this.#at += 1;
    return { key: JSON.parse(this.#text.slice(keyStart, keyEnd)) as string, keyStart, keyEnd, value: this.value() };
  }

  /** What stands between brackets. */
  #all<T>(closing: string, read: () => T): readonly T[] {
    const found: T[] = [];
    for (;;) {
      // The opening bracket, or a comma.
      this.#at += 1;
      this.#skipSpace();
      if (this.#text[this.#at] !== closing) found.push(read());
      this.#skipSpace();
      if (this.#text[this.#at] === ',') continue;
      this.#at += 1;
      return found;
    }
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #skipString(): void {
    this.#at += 1;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    this.#at += 1;
  }
}
