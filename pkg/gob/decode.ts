import { ByteReader } from './reader.ts';
import { BASIC_IDS, FIRST_ID, fieldsOf, GobError, type GobObject, type GobValue, isList } from './types.ts';

/** What a stream says of a type: its elements or its fields, by their numbers. */
type Description =
  | { readonly kind: 'slice'; readonly element: number }
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [name: string, id: number])[] };

/** Longest message that is read: many times what any plugin or daemon sends. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** More types than this no stream needs. */
const MAX_TYPES = 256;
/** Types may hold themselves, and then values could be nested without end. */
const MAX_DEPTH = 32;

/** Numbers of the types that descriptions themselves are written in. */
const OWN = { description: -1, common: -2, array: -3, slice: -4, struct: -5, fields: -6, field: -7, map: -8 } as const;
const { int: INT, string: STRING } = BASIC_IDS;

const DESCRIPTIONS: readonly (readonly [number, Description])[] = [
  [OWN.description, struct(['ArrayT', OWN.array], ['SliceT', OWN.slice], ['StructT', OWN.struct], ['MapT', OWN.map])],
  [OWN.common, struct(['Name', STRING], ['Id', INT])],
  [OWN.array, struct(['CommonType', OWN.common], ['Elem', INT], ['Len', INT])],
  [OWN.slice, struct(['CommonType', OWN.common], ['Elem', INT])],
  [OWN.struct, struct(['CommonType', OWN.common], ['Field', OWN.fields])],
  [OWN.fields, { kind: 'slice', element: OWN.field }],
  [OWN.field, struct(['Name', STRING], ['Id', INT])],
  [OWN.map, struct(['CommonType', OWN.common], ['Key', INT], ['Elem', INT])],
];

function struct(...fields: (readonly [name: string, id: number])[]): Description {
  return { kind: 'struct', fields };
}

/** Puts values together from the bytes of a stream, in whatever pieces these come. */
export class GobDecoder {
  readonly #types = new Map<number, Description>(DESCRIPTIONS);
  #unread: Uint8Array = new Uint8Array();

  /** Takes bytes that came. */
  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#unread.length + bytes.length);
    joined.set(this.#unread);
    joined.set(bytes, this.#unread.length);
    this.#unread = joined;
  }

  /** The next value; `undefined` when not all of it has come yet. Throws a {@link GobError} for what is no gob. */
  next(): GobObject | undefined {
    for (;;) {
      const message = this.#message();
      if (message === undefined) return undefined;
      const reader = new ByteReader(message);
      const id = reader.int();
      const value = this.#value(reader, id < 0 ? OWN.description : id, 0);
      if (reader.left > 0) throw new GobError(`${reader.left} bytes behind a value`);
      if (id >= 0) return fieldsOf(value);
      this.#learn(-id, fieldsOf(value));
    }
  }

  #message(): Uint8Array | undefined {
    const unread = this.#unread;
    // A length is at most nine bytes, and what is not all there yet is read again.
    const first = unread[0];
    if (first === undefined || (first >= 128 && unread.length < 257 - first)) return undefined;
    const reader = new ByteReader(unread);
    const length = reader.uint();
    if (length > MAX_MESSAGE_BYTES) throw new GobError(`a message of ${length} bytes`);
    if (reader.left < length) return undefined;
    const end = reader.at + length;
    this.#unread = unread.slice(end);
    return unread.subarray(reader.at, end);
  }

  #learn(id: number, { SliceT: slice, StructT: structure }: GobObject): void {
    if (id < FIRST_ID || this.#types.has(id) || this.#types.size > MAX_TYPES) {
      throw new GobError(`a description of type ${id}`);
    }
    if (slice !== undefined) {
      this.#types.set(id, { kind: 'slice', element: numberOf(fieldsOf(slice)['Elem']) });
      return;
    }
    if (structure === undefined) throw new GobError(`type ${id} is neither a list nor a structure`);
    const { Field: list = [] } = fieldsOf(structure);
    const fields: (readonly [string, number])[] = [];
    for (const field of isList(list) ? list : []) {
      const { Name: name = '', Id: type } = fieldsOf(field);
      fields.push([String(name), numberOf(type)]);
    }
    this.#types.set(id, { kind: 'struct', fields });
  }

  #value(reader: ByteReader, id: number, depth: number): GobValue {
    if (depth > MAX_DEPTH) throw new GobError('values that are nested too deeply');
    switch (id) {
      case BASIC_IDS.bool:
        return reader.uint() !== 0;
      case BASIC_IDS.int:
        return reader.int();
      case BASIC_IDS.uint:
        return reader.uint();
      case BASIC_IDS.bytes:
        return reader.bytes();
      case BASIC_IDS.string:
        return reader.text();
    }
    const type = this.#types.get(id);
    if (type === undefined) throw new GobError(`type ${id} was not described`);
    if (type.kind === 'struct') return this.#fields(reader, type.fields, depth);
    const count = reader.uint();
    // Every element takes a byte at least.
    if (count > reader.left) throw new GobError(`a list of ${count} with ${reader.left} bytes left`);
    const list: GobValue[] = [];
    for (let index = 0; index < count; index++) list.push(this.#value(reader, type.element, depth + 1));
    return list;
  }

  #fields(reader: ByteReader, fields: readonly (readonly [string, number])[], depth: number): GobObject {
    // Names come from outside: one of them could be that of a prototype.
    const object: Record<string, GobValue> = Object.create(null);
    for (let place = -1; ; ) {
      const distance = reader.uint();
      if (distance === 0) return object;
      place += distance;
      const field = fields[place];
      if (field === undefined) throw new GobError(`field ${place} of ${fields.length}`);
      object[field[0]] = this.#value(reader, field[1], depth + 1);
    }
  }
}

function numberOf(value: GobValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}
