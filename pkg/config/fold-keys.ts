import type { $ZodType, $ZodTypeDef, $ZodTypes } from 'zod/v4/core';
import { isObject } from '../json/decode.ts';
import { nearest } from './typo.ts';

/** Keys that any configuration may have at its top without being the plugin's own. */
const COMMON_KEYS: readonly string[] = [
  'cniVersion',
  'name',
  'type',
  'capabilities',
  'args',
  'runtimeConfig',
  'prevResult',
  'ipam',
  'dns',
  'cni.dev/attachments',
  'cni.dev/valid-attachments',
];

/** A configuration whose keys are spelled as in the schema, and what to tell people about the others. */
export interface FoldedConfig {
  readonly value: unknown;
  readonly warnings: readonly string[];
  /** Keys that the schema does not have, slips or not; at most so many as are looked at. */
  readonly unknown: readonly UnknownKey[];
}

/** A key that nobody reads. */
export interface UnknownKey {
  readonly path: readonly PropertyKey[];
  /** The key that was probably meant. */
  readonly meant: string | undefined;
}

/**
 * Spells every key that the schema knows as the schema does, whatever its letter case, and drops `null` values.
 * Keys in free-form maps stay as they are. Unknown keys stay too; one that looks like a slip is named in a warning,
 * at the top only when the keys there are the plugin's own and not those of the plugin that calls it.
 */
export function foldKeys(schema: $ZodType, value: unknown, ownTop = true): FoldedConfig {
  const slips = new Slips(ownTop);
  return { value: fold(schema, value, [], slips), warnings: slips.warnings, unknown: slips.unknown };
}

/** The definition of a schema with the wrappers (optional, default, …) taken off. */
export function unwrapped(schema: $ZodType): $ZodTypes['_zod']['def'] {
  let def = schema._zod.def as $ZodTypeDef & { innerType?: $ZodType; in?: $ZodType };
  for (let inner = def.innerType ?? def.in; inner !== undefined; inner = def.innerType ?? def.in) {
    def = inner._zod.def;
  }
  return def as $ZodTypes['_zod']['def'];
}

/** The path of a key as people write it: `ipam.ranges[0][1].subnet`. */
export function keyPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

function fold(schema: $ZodType, value: unknown, path: readonly PropertyKey[], slips: Slips): unknown {
  const def = unwrapped(schema);
  if (def.type === 'array' && Array.isArray(value)) {
    return value.map((element, index) => fold(def.element, element, [...path, index], slips));
  }
  if (def.type === 'union') {
    const wanted = Array.isArray(value) ? 'array' : 'object';
    const option = def.options.find((candidate) => unwrapped(candidate).type === wanted);
    return option === undefined ? value : fold(option, value, path, slips);
  }
  if (def.type !== 'object' || !isObject(value)) return value;
  // Other keys in it belong to somebody else, who will say what is wrong with them.
  return foldObject(def.shape, value, path, slips, def.catchall !== undefined);
}

function foldObject(
  shape: Readonly<Record<string, $ZodType>>,
  value: Readonly<Record<string, unknown>>,
  path: readonly PropertyKey[],
  slips: Slips,
  isLoose: boolean,
): object {
  const known = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  // No prototype: a key such as __proto__ or constructor is a key and nothing else.
  const folded: Record<string, unknown> = Object.create(null);
  for (const [spelled, element] of Object.entries(value)) {
    if (element === null) continue;
    const key = known.get(spelled.toLowerCase());
    const keySchema = key === undefined ? undefined : shape[key];
    if (key === undefined || keySchema === undefined) {
      if (!isLoose) slips.note(spelled, Object.keys(shape), path);
      folded[spelled] = element;
    } else if (spelled === key || !Object.hasOwn(value, key) || value[key] === null) {
      // An exact key is preferred, wherever it stands; every reader of the document agrees on that.
      folded[key] = fold(keySchema, element, [...path, key], slips);
    }
  }
  return folded;
}

function isCommon(key: string): boolean {
  const lower = key.toLowerCase();
  return COMMON_KEYS.some((common) => common.toLowerCase() === lower);
}

/** More unknown keys than this are no slips, and comparing them all would take time. */
const MOST_UNKNOWN = 64;
const MOST_WARNINGS = 10;

/** Tells apart what is unknown and what was probably meant. */
class Slips {
  readonly warnings: string[] = [];
  readonly unknown: UnknownKey[] = [];
  readonly #ownTop: boolean;

  constructor(ownTop: boolean) {
    this.#ownTop = ownTop;
  }

  note(key: string, known: readonly string[], path: readonly PropertyKey[]): void {
    const top = path.length === 0;
    if (top && (!this.#ownTop || isCommon(key))) return;
    if (this.unknown.length === MOST_UNKNOWN || this.warnings.length === MOST_WARNINGS) return;
    const meant = nearest(key, top ? [...known, ...COMMON_KEYS] : known);
    this.unknown.push({ path: [...path, key], meant });
    if (meant === undefined) return;
    const shown = JSON.stringify(keyPath([...path, key]));
    this.warnings.push(`unknown key ${shown} is ignored; did you mean "${meant}"?`);
  }
}
