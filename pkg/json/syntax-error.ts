/** Thrown inside the walk when the text stops being JSON. */
class Unexpected {
  readonly offset: number;
  readonly expected: string;
  constructor(offset: number, expected: string) {
    this.offset = offset;
    this.expected = expected;
  }
}

const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside texts
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /true|false|null/y;

/** Walks a text by the grammar of JSON and remembers only where it is. */
class Walk {
  readonly text: string;
  offset = 0;
  constructor(text: string) {
    this.text = text;
  }

  private match(pattern: RegExp): boolean {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text);
    if (found !== null) this.offset += found[0].length;
    return found !== null;
  }

  private accept(character: string): boolean {
    if (this.text[this.offset] !== character) return false;
    this.offset++;
    return true;
  }

  private fail(expected: string): never {
    throw new Unexpected(this.offset, expected);
  }

  document(): void {
    this.value();
    if (this.offset < this.text.length) this.fail('the end of the document');
  }

  private value(): void {
    this.match(WHITE_SPACE);
    if (this.accept('{')) this.object();
    else if (this.accept('[')) this.list();
    else if (this.text[this.offset] === '"') this.string('a text');
    else if (!this.match(WORD) && !this.match(NUMBER)) this.fail('a value');
    this.match(WHITE_SPACE);
  }

  private object(): void {
    this.match(WHITE_SPACE);
    if (this.accept('}')) return;
    do {
      this.match(WHITE_SPACE);
      this.string('a key in double quotes');
      this.match(WHITE_SPACE);
      if (!this.accept(':')) this.fail('":" after the key');
      this.value();
    } while (this.accept(','));
    if (!this.accept('}')) this.fail('"," or "}"');
  }

  private list(): void {
    this.match(WHITE_SPACE);
    if (this.accept(']')) return;
    do this.value();
    while (this.accept(','));
    if (!this.accept(']')) this.fail('"," or "]"');
  }

  private string(expected: string): void {
    if (!this.accept('"')) this.fail(expected);
    do this.match(PLAIN_CHARACTERS);
    while (this.match(ESCAPE));
    if (this.text[this.offset] === '\\') this.fail('an escape sequence that JSON knows');
    if (!this.accept('"')) this.fail('a closing double quote');
  }
}

/** Where a text stops being JSON, and why. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly found: string;
  readonly expected: string;
}

/** Finds out where and why a text that `JSON.parse` refused is not JSON. */
export function locateSyntaxError(text: string): SyntaxProblem | undefined {
  try {
    new Walk(text).document();
  } catch (thrown) {
    if (!(thrown instanceof Unexpected)) throw thrown;
    const { offset, expected } = thrown;
    if (offset < text.length) return { offset, found: shown(text, offset), expected };
    return { offset: text.length, found: 'the end', expected };
  }
  return undefined;
}

/** Says where and why a text that `JSON.parse` refused is not JSON. */
export function findSyntaxError(text: string): string {
  const problem = locateSyntaxError(text);
  if (problem === undefined) return 'not a JSON document';
  const { offset, found, expected } = problem;
  if (offset >= text.length) {
    const why = text.trim() === '' ? 'the text is empty' : `expected ${expected}`;
    return `unexpected end of JSON input at ${position(text, text.length)}: ${why}`;
  }
  return `${position(text, offset)}: found ${found}, expected ${expected}`;
}

/** A document may consist of millions of line breaks: they are counted many at a time. */
const COUNTED_AT_ONCE = 65_536;

function position(text: string, offset: number): string {
  let line = 1;
  for (let at = 0; at < offset; at += COUNTED_AT_ONCE) {
    line += text.slice(at, Math.min(at + COUNTED_AT_ONCE, offset)).split('\n').length - 1;
  }
  const column = offset === 0 ? 1 : offset - text.lastIndexOf('\n', offset - 1);
  return `line ${line}, column ${column}`;
}

function shown(text: string, offset: number): string {
  const rest = text.slice(offset, offset + 12).split(/[\s,}\]]/, 1)[0];
  return JSON.stringify(rest === undefined || rest === '' ? text[offset] : rest);
}
