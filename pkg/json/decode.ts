import { findSyntaxError } from './syntax-error.ts';
/** Deeper documents are refused: nothing real nests past twenty, and every reader may then recurse. */
export const MAX_DEPTH = 1000;

/** Three bytes of text become a hundred of memory, so a small document could take a node’s last. A pod with 20,000 host ports has 120,000. */
export const MAX_VALUES = 200_000;

/** Why a text is not a JSON document, and where. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/**
 * Decodes a JSON document; throws a {@link JsonError} that names line, column, what was found and what was expected.
 *
 * Keys called `__proto__` become ordinary own properties and of duplicate keys the last one wins, as with `JSON.parse`.
 */
export async function decodeJson(text: string): Promise<unknown> {
  const tooMuch = excess(text);
  if (tooMuch !== undefined) throw new JsonError(tooMuch);
  try {
    const value: unknown = JSON.parse(text);
    if (hasKnownEscapes(text)) return value;
  } catch {
    // What is wrong is said below.
  }
  // Engines word their errors differently and few say where, so the place is looked for again, only now.
  throw new JsonError(findSyntaxError(text));
}

/** Whether JSON knows what stands behind each backslash: QuickJS takes all that JavaScript does, and more. */
function hasKnownEscapes(text: string): boolean {
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at + 2)) {
    const kind = text.charAt(at + 1);
    if (!'"\\/bfnrtu'.includes(kind) || (kind === 'u' && text.charAt(at + 2) === '{')) return false;
  }
  return true;
}

/** Whether a decoded JSON value is an object: neither a list nor null. */
export function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How often a character is in a text, counted up to so many. */
function atMost(text: string, character: string, most: number): number {
  return text.split(character, most + 1).length - 1;
}

/** What makes a document unreasonable, found without building anything. */
function excess(text: string): string | undefined {
  // What opens little and has few commas cannot be; looking at each character would take longer than decoding it.
  const opened = atMost(text, '[', MAX_DEPTH) + atMost(text, '{', MAX_DEPTH);
  if (opened < MAX_DEPTH && opened + atMost(text, ',', MAX_VALUES) < MAX_VALUES) return undefined;
  let depth = 0;
  let values = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        for (index++; index < text.length && text.charCodeAt(index) !== QUOTE; index++) {
          if (text.charCodeAt(index) === BACKSLASH) index++;
        }
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
        values++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
        values++;
        break;
    }
    if (values > MAX_VALUES) return `more than ${MAX_VALUES} values`;
  }
  return undefined;
}
