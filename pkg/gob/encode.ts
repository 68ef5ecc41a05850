import {
  BASIC_IDS,
  FIRST_ID,
  fieldsOf,
  type GobType,
  type GobValue,
  isList,
  type SliceType,
  type StructType,
} from './types.ts';

/** Where a field's place is counted from. */
const BEFORE_FIRST = -1;
/** Places of the kinds in a description. */
const DESCRIPTION = { slice: 1, struct: 2 } as const;

/**
 * Writes values as Go's `gob` does: each type is described before its first value, once for all that follows.
 *
 * @example
 * const encoder = new GobEncoder();
 * socket.write(encoder.encode(REQUEST, { ServiceMethod: 'DHCP.Release' }));
 */
export class GobEncoder {
  readonly #ids = new Map<GobType, number>();
  readonly #described = new Set<GobType>();

  /** The messages for one value: descriptions that are still missing, then the value. */
  encode(type: StructType, value: GobValue): Uint8Array {
    const out: number[] = [];
    const id = this.#idOf(type);
    this.#describe(type, out);
    const message: number[] = [];
    putInt(message, id);
    putValue(message, type, value);
    putMessage(out, message);
    return Uint8Array.from(out);
  }

  /** A structure has its number before those of its fields, a list after that of its elements: as in Go. */
  #idOf(type: GobType): number {
    if (type.kind !== 'slice' && type.kind !== 'struct') return BASIC_IDS[type.kind];
    const known = this.#ids.get(type);
    if (known !== undefined) return known;
    if (type.kind === 'slice') this.#idOf(type.element);
    const id = FIRST_ID + this.#ids.size;
    this.#ids.set(type, id);
    if (type.kind === 'struct') for (const [, field] of type.fields) this.#idOf(field);
    return id;
  }

  #describe(type: GobType, out: number[]): void {
    if ((type.kind !== 'slice' && type.kind !== 'struct') || this.#described.has(type)) return;
    this.#described.add(type);
    const message: number[] = [];
    putInt(message, -this.#idOf(type));
    if (type.kind === 'slice') this.#describeSlice(type, message);
    else this.#describeStruct(type, message);
    putMessage(out, message);
    if (type.kind === 'slice') this.#describe(type.element, out);
    else for (const [, field] of type.fields) this.#describe(field, out);
  }

  #describeSlice(type: SliceType, message: number[]): void {
    putUint(message, DESCRIPTION.slice - BEFORE_FIRST);
    this.#putCommon(message, type);
    putUint(message, 1);
    putInt(message, this.#idOf(type.element));
    message.push(0, 0);
  }

  #describeStruct(type: StructType, message: number[]): void {
    putUint(message, DESCRIPTION.struct - BEFORE_FIRST);
    this.#putCommon(message, type);
    if (type.fields.length > 0) {
      putUint(message, 1);
      putUint(message, type.fields.length);
    }
    for (const [name, field] of type.fields) {
      putUint(message, 1);
      putText(message, name);
      putUint(message, 1);
      putInt(message, this.#idOf(field));
      message.push(0);
    }
    message.push(0, 0);
  }

  /** A type's name, left out when it has none, and its number. */
  #putCommon(message: number[], type: SliceType | StructType): void {
    putUint(message, 1);
    if (type.name !== '') {
      putUint(message, 1);
      putText(message, type.name);
    }
    putUint(message, type.name === '' ? 2 : 1);
    putInt(message, this.#idOf(type));
    message.push(0);
  }
}

function putValue(out: number[], type: GobType, value: GobValue): void {
  if (type.kind === 'bool') putUint(out, value === true ? 1 : 0);
  else if (type.kind === 'int') putInt(out, typeof value === 'number' ? value : 0);
  else if (type.kind === 'uint') putUint(out, typeof value === 'number' ? value : 0);
  else if (type.kind === 'string') putText(out, typeof value === 'string' ? value : '');
  else if (type.kind === 'bytes') putBytes(out, value instanceof Uint8Array ? value : new Uint8Array());
  else if (type.kind === 'struct') putFields(out, type, value);
  else if (type.kind === 'slice') {
    const list = isList(value) ? value : [];
    putUint(out, list.length);
    for (const element of list) putValue(out, type.element, element);
  }
}

/** Each field by its distance from the one before; what is empty is left out, but a structure never is. */
function putFields(out: number[], type: StructType, value: GobValue): void {
  const fields = fieldsOf(value);
  let last = BEFORE_FIRST;
  for (const [place, [name, field]] of type.fields.entries()) {
    const given = fields[name];
    if (field.kind !== 'struct' && isEmpty(given)) continue;
    putUint(out, place - last);
    putValue(out, field, given ?? {});
    last = place;
  }
  out.push(0);
}

function isEmpty(value: GobValue | undefined): boolean {
  if (value === undefined || value === 0 || value === '' || value === false) return true;
  return (value instanceof Uint8Array || Array.isArray(value)) && value.length === 0;
}

function putMessage(out: number[], message: readonly number[]): void {
  putUint(out, message.length);
  for (const byte of message) out.push(byte);
}

/** Below 128 one byte; else how many bytes follow, negated, and then these, the highest first. */
function putUint(out: number[], value: number): void {
  if (value < 128) {
    out.push(value);
    return;
  }
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  out.push(256 - bytes.length, ...bytes);
}

/** The sign is in the lowest bit. */
function putInt(out: number[], value: number): void {
  putUint(out, value < 0 ? -value * 2 - 1 : value * 2);
}

function putText(out: number[], text: string): void {
  putBytes(out, new TextEncoder().encode(text));
}

function putBytes(out: number[], bytes: Uint8Array): void {
  putUint(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}
