import { canonicalAddress } from '../addr/address.ts';
import { canonicalPrefix } from '../addr/prefix.ts';
import { CniError, ErrorCode } from './error.ts';
import { quote } from './quote.ts';

/** A found text is shown up to this length: enough to recognise it, too little to flood a log. */
const SHOWN_LENGTH = 60;
const SHOWN_KEYS = 5;

/** What a value is, in JSON's words. */
function jsonType(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The beginning of a text from outside, for messages: a huge one must not become a huge message. */
export function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

/**
 * A value for people: its type and a shortened form of itself.
 *
 * @example
 * describeValue('1500'); // 'string "1500"'
 */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return jsonType(value);
  if (typeof value === 'string') return `string ${quote(shortened(value))}`;
  if (Array.isArray(value)) return `array of length ${value.length}`;
  if (typeof value !== 'object') return `${jsonType(value)} ${String(value)}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'empty object';
  const shown = keys.slice(0, SHOWN_KEYS).map((key) => quote(shortened(key)));
  return `object with ${shown.join(', ')}${keys.length > SHOWN_KEYS ? ', …' : ''}`;
}

/** The error for a value that cannot be used; `path` names it within the document, '' is the document itself. */
export function wrongValue(path: string, value: unknown, expected: string, message?: string): CniError {
  const where = path === '' ? 'document' : path;
  return new CniError(
    ErrorCode.decoding,
    message ?? `cannot unmarshal ${jsonType(value)} into ${where}`,
    `${where}: found ${describeValue(value)}, expected ${expected}`,
  );
}

/** The path of a key within a document. */
export function under(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/**
 * The known fields of an object, under the names given here.
 *
 * Keys match in any letter case; the exact spelling is preferred, among others the last one wins. `null` is absent.
 */
export function readFields<Name extends string>(
  value: unknown,
  path: string,
  names: readonly Name[],
): Partial<Record<Name, unknown>> {
  const fields: Partial<Record<Name, unknown>> = {};
  if (value === undefined || value === null) return fields;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongValue(path, value, 'an object');
  const object = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(object)) {
    const name = names.includes(key as Name) ? (key as Name) : nameInOtherCase(key, names);
    if (name === undefined || object[key] === null) continue;
    // An exact key that comes first is not to be replaced by one in another case.
    if (name === key || !Object.hasOwn(object, name) || object[name] === null) fields[name] = object[key];
  }
  return fields;
}

function nameInOtherCase<Name extends string>(key: string, names: readonly Name[]): Name | undefined {
  for (const name of names) {
    if (name.length === key.length && name.toLowerCase() === key.toLowerCase()) return name;
  }
  return undefined;
}

/** A text; `undefined` when absent or empty, which mean the same in every CNI document. */
export function readText(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw wrongValue(path, value, 'a string');
  return value === '' ? undefined : value;
}

/** A whole number; `undefined` when absent. */
export function readInteger(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongValue(path, value, 'a whole number');
  return value;
}

/** A whole number for which 0 and absent mean the same. */
export function readCount(value: unknown, path: string): number | undefined {
  return readInteger(value, path) || undefined;
}

/** A list, every element read by `readElement`; `undefined` when absent or empty. */
export function readList<Element>(
  value: unknown,
  path: string,
  expected: string,
  readElement: (element: unknown, path: string) => Element | undefined,
): Element[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongValue(path, value, `a list of ${expected}`);
  if (value.length === 0) return undefined;
  const elements: Element[] = [];
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index];
    const itemPath = `${path}[${index}]`;
    const element = item === null ? undefined : readElement(item, itemPath);
    if (element === undefined) throw wrongValue(itemPath, item, `nothing but ${expected} in the list`);
    elements.push(element);
  }
  return elements;
}

/** An address in canonical text; `undefined` when absent or empty. */
export function readAddress(value: unknown, path: string): string | undefined {
  const text = readText(value, path);
  if (text === undefined) return undefined;
  const address = canonicalAddress(text);
  if (address !== undefined) return address;
  const expected = 'an IP address such as "10.1.2.1" or "fd00::1"';
  throw wrongValue(path, value, expected, `invalid IP address: ${shortened(text)}`);
}

/** An address with prefix length in canonical text, host bits kept; it has to be there. */
export function readPrefix(value: unknown, path: string): string {
  const text = readText(value, path) ?? '';
  const prefix = canonicalPrefix(text);
  if (prefix !== undefined) return prefix;
  const expected = 'an IP address with prefix length such as "10.1.2.3/24" or "fd00::3/64"';
  throw wrongValue(path, value, expected, `invalid CIDR address: ${shortened(text)}`);
}

/** An object whose keys may be left out, written with `undefined` for those that are. */
type WithAbsent<T> = { [Key in keyof T]: Record<never, never> extends Pick<T, Key> ? T[Key] | undefined : T[Key] };

/** The same object without the keys that are `undefined`. */
export function withoutAbsent<T extends object>(object: WithAbsent<T>): T {
  const present: Record<string, unknown> = {};
  for (const key in object) if (object[key] !== undefined) present[key] = object[key];
  return present as T;
}
