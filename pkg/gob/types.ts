/** A type of Go's, as far as it is needed here, with the names that its descriptions carry. */
export type GobType = BasicType | SliceType | StructType;

/** One that every reader knows. */
export interface BasicType {
  readonly kind: 'bool' | 'int' | 'uint' | 'bytes' | 'string';
}

/** A list. */
export interface SliceType {
  readonly kind: 'slice';
  readonly name: string;
  readonly element: GobType;
}

/** A structure; its fields are told apart by their names. */
export interface StructType {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly (readonly [name: string, type: GobType])[];
}

/** The kinds that need no description. */
export const BOOL: BasicType = { kind: 'bool' };
export const INT: BasicType = { kind: 'int' };
export const UINT: BasicType = { kind: 'uint' };
export const BYTES: BasicType = { kind: 'bytes' };
export const STRING: BasicType = { kind: 'string' };

/** What a value is on this side: fields without a value are left out, as they are on the wire. */
export type GobValue = boolean | number | Uint8Array | string | readonly GobValue[] | GobObject;

/** A structure's fields by name. */
export interface GobObject {
  readonly [field: string]: GobValue | undefined;
}

/** The numbers that the kinds have everywhere; those of a description begin at {@link FIRST_ID}. */
export const BASIC_IDS = { bool: 1, int: 2, uint: 3, bytes: 5, string: 6 } as const;

/** Number of the first type that a stream describes. */
export const FIRST_ID = 64;

/** Bytes that are no gob, or none that is understood here. */
export class GobError extends Error {}

/** A value as a structure; what has no fields is an empty one. */
export function fieldsOf(value: GobValue | undefined): GobObject {
  if (typeof value !== 'object' || value instanceof Uint8Array || isList(value)) return {};
  return value;
}

/** Whether a value is a list. */
export function isList(value: GobValue): value is readonly GobValue[] {
  return Array.isArray(value);
}
