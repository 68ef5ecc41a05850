/** How a field of a message is written: text, a whole number, true or false, texts by name, or another message. */
export type Kind = 'text' | 'number' | 'flag' | 'map' | Shape;

/** A field: its number, how it is written, and whether there may be several. */
export type Field = readonly [number: number, kind: Kind, several?: 'list'];

/** The fields of a message by their names; others are left out when a message is read. */
export interface Shape {
  readonly [name: string]: Field;
}

/** A message, decoded; what it does not say has the value that stands for nothing. */
export type Message = { readonly [name: string]: unknown };

/** How a map is written: a message for each entry. */
const ENTRY: Shape = { key: [1, 'text'], value: [2, 'text'] };

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Writes a message in the binary form of Protocol Buffers. */
export function encode(shape: Shape, message: Message): Buffer {
  const parts = Object.entries(message).flatMap(([name, value]) => {
    const field = shape[name];
    if (field === undefined) throw new Error(`the message has no field "${name}"`);
    const [number, kind, several] = field;
    if (kind === 'map') {
      const entries = Object.entries(value as Message);
      return entries.map(([key, entry]) => encodeField(number, ENTRY, { key, value: entry }));
    }
    const values = several === 'list' ? (value as readonly unknown[]) : [value];
    return values.map((one) => encodeField(number, kind, one));
  });
  return Buffer.concat(parts);
}

function encodeField(number: number, kind: Exclude<Kind, 'map'>, value: unknown): Buffer {
  if (kind === 'number' || kind === 'flag')
    return Buffer.concat([varint((number << 3) | VARINT), varint(Number(value))]);
  const body = kind === 'text' ? Buffer.from(value as string) : encode(kind, value as Message);
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Reads a message from the binary form of Protocol Buffers. */
export function decode(shape: Shape, bytes: Buffer): Message {
  const message: Record<string, unknown> = Object.fromEntries(
    Object.entries(shape).map(([name, [, kind, several]]) => [name, several === 'list' ? [] : nothing(kind)]),
  );
  let offset = 0;
  const number = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new Error('a message ends in the middle of a number');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  while (offset < bytes.length) {
    const tag = number();
    const value = (tag & 7) === VARINT ? number() : body(tag & 7, number());
    const [name, [, kind, several]] = Object.entries(shape).find(([, [of]]) => of === tag >>> 3) ?? [undefined, []];
    if (name === undefined || kind === undefined) continue;
    const decoded = decodeValue(kind, value);
    if (several === 'list') (message[name] as unknown[]).push(decoded);
    else message[name] = kind === 'map' ? { ...(message[name] as Message), ...(decoded as Message) } : decoded;
  }
  return message;

  function body(wireType: number, length: number): Buffer {
    if (wireType !== LENGTH_DELIMITED) throw new Error(`a field is written in a way that no message has: ${wireType}`);
    offset += length;
    if (offset > bytes.length) throw new Error('a message ends in the middle of a field');
    return bytes.subarray(offset - length, offset);
  }
}

function nothing(kind: Kind): unknown {
  if (kind === 'text') return '';
  if (kind === 'number') return 0;
  if (kind === 'flag') return false;
  return kind === 'map' ? {} : undefined;
}

function decodeValue(kind: Kind, value: number | Buffer): unknown {
  if (typeof value === 'number') return kind === 'flag' ? value !== 0 : value;
  if (kind === 'text') return value.toString();
  if (typeof kind === 'object') return decode(kind, value);
  const { key, value: entry } = decode(ENTRY, value);
  return { [String(key)]: entry };
}
