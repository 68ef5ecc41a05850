/**
 * What an ordinary configuration looks like: a schema without its library, made from it when the suite is built.
 * Whatever does not fit is read by the schema itself, which knows what to say about it.
 */
export type Shape = 'text' | 'whole' | 'flag' | ListShape | MapShape | ObjectShape;

/** A list and what is in it. */
export interface ListShape {
  readonly list: Shape;
}

/** An object with any keys, and what stands under each. */
export interface MapShape {
  readonly each: Shape;
}

/** An object and its keys. */
export interface ObjectShape {
  readonly keys: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  /** Whether other keys are somebody else's and pass. */
  readonly loose?: true;
}

/** Stands for a value that does not fit. */
export const UNFIT = Symbol('does not fit');

/** Keys that any configuration may have at its top without being the plugin's own. */
export const COMMON_KEYS: readonly string[] = [
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

/**
 * The configuration as the schema would read it, or {@link UNFIT} when that has to look at it: a wrong type, a
 * key that nobody knows.
 *
 * @param ownTop whether the keys at the top are the plugin's own and not those of the plugin that calls it
 */
export function fitConfig(shape: ObjectShape, raw: Readonly<Record<string, unknown>>, ownTop: boolean): unknown {
  return fitObject(shape, raw, (key) => !ownTop || COMMON_KEYS.includes(key));
}

function fitValue(shape: Shape, value: unknown): unknown {
  if (shape === 'text') return typeof value === 'string' ? value : UNFIT;
  if (shape === 'flag') return typeof value === 'boolean' ? value : UNFIT;
  if (shape === 'whole') return Number.isSafeInteger(value) ? value : UNFIT;
  if ('list' in shape) return Array.isArray(value) ? fitList(shape, value) : UNFIT;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return UNFIT;
  const object = value as Readonly<Record<string, unknown>>;
  return 'each' in shape ? fitMap(shape, object) : fitObject(shape, object, noOther);
}

function noOther(): boolean {
  return false;
}

function fitList({ list }: ListShape, values: readonly unknown[]): unknown {
  const fitting: unknown[] = [];
  for (const value of values) {
    const element = fitValue(list, value);
    if (element === UNFIT) return UNFIT;
    fitting.push(element);
  }
  return fitting;
}

function fitMap({ each }: MapShape, value: Readonly<Record<string, unknown>>): unknown {
  const fitting: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return UNFIT;
    const element = fitValue(each, value[key]);
    if (element === UNFIT) return UNFIT;
    fitting[key] = element;
  }
  return fitting;
}

function fitObject(
  shape: ObjectShape,
  value: Readonly<Record<string, unknown>>,
  mayPass: (key: string) => boolean,
): unknown {
  const fitting: Record<string, unknown> = {};
  for (const spelled of Object.keys(value)) {
    const element = value[spelled];
    // Absent, as in Go.
    if (element === null) continue;
    const key = Object.hasOwn(shape.keys, spelled) ? spelled : knownOtherwise(shape, spelled);
    const keyShape = key === undefined ? undefined : shape.keys[key];
    if (key !== undefined && keyShape !== undefined) {
      // An exact key is preferred, wherever it stands.
      if (spelled !== key && Object.hasOwn(value, key) && value[key] !== null) continue;
      const fitted = fitValue(keyShape, element);
      if (fitted === UNFIT) return UNFIT;
      fitting[key] = fitted;
    } else if (shape.loose === true) {
      if (spelled === '__proto__') return UNFIT;
      fitting[spelled] = element;
    } else if (!mayPass(spelled)) return UNFIT;
  }
  for (const key of shape.required ?? []) if (!Object.hasOwn(fitting, key)) return UNFIT;
  return fitting;
}

/** The shape's key that this one is in another letter case: some runtimes write names as their language has them. */
function knownOtherwise({ keys }: ObjectShape, key: string): string | undefined {
  for (const known in keys) {
    if (known.length === key.length && known.toLowerCase() === key.toLowerCase()) return known;
  }
  return undefined;
}
