/** A netlink attribute: its type and its bytes. */
export type Attribute = readonly [type: number, value: Uint8Array];

/** A message that the kernel sent. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  /** That of the request it answers. */
  readonly number: number;
  readonly body: DataView;
}

/** `NLM_F_REQUEST`, and what goes with it. */
export const FLAG = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  /** A change came between the parts of a dump. */
  interrupted: 0x10,
  replace: 0x100,
  excl: 0x200,
  dump: 0x300,
  create: 0x400,
  append: 0x800,
  /** Whoever asks for a change is told of it like those who listen. */
  echo: 0x8,
} as const;

/** The type of the message that ends a dump. */
export const NLMSG_DONE = 3;

const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
/** The two highest bits of a type say how the value is written, not what it is. */
const TYPE_BITS = 0x3fff;
const LONGEST_ATTRIBUTE = 0xffff;

/** Everything in netlink starts at a multiple of four. */
function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** A request: message header, the family's own header, attributes. All machines that run this are little-endian. */
export function request(type: number, flags: number, header: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
  let length = HEADER_BYTES + aligned(header.length);
  for (const [, value] of attributes) length += ATTRIBUTE_HEADER_BYTES + aligned(value.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | FLAG.request, true);
  bytes.set(header, HEADER_BYTES);
  pack(bytes, HEADER_BYTES + aligned(header.length), attributes);
  return bytes;
}

/** The value of an attribute that is made of attributes, some of them behind a header of their own. */
export function nested(attributes: readonly Attribute[], headerBytes = 0): Uint8Array {
  let length = headerBytes;
  for (const [, value] of attributes) length += ATTRIBUTE_HEADER_BYTES + aligned(value.length);
  const bytes = new Uint8Array(length);
  pack(bytes, headerBytes, attributes);
  return bytes;
}

function pack(bytes: Uint8Array, start: number, attributes: readonly Attribute[]): void {
  let at = start;
  for (const [type, value] of attributes) {
    const length = ATTRIBUTE_HEADER_BYTES + value.length;
    // Cut, it would be another request.
    if (length > LONGEST_ATTRIBUTE) throw new RangeError(`an attribute of ${length} bytes`);
    bytes[at] = length & 255;
    bytes[at + 1] = length >> 8;
    bytes[at + 2] = type & 255;
    bytes[at + 3] = type >> 8;
    bytes.set(value, at + ATTRIBUTE_HEADER_BYTES);
    at += aligned(length);
  }
}

/** What is looked for in a message: a text, or bytes that are none. */
export type Mentioned = string | Buffer;

/** Whether a text or some bytes stand in these somewhere: a look that costs next to nothing. */
export function mentionsText({ buffer, byteOffset, byteLength }: ArrayBufferView, text: Mentioned): boolean {
  return Buffer.from(buffer, byteOffset, byteLength).includes(text);
}

/**
 * The messages in what was received at once. Where a text is given, the parts of a dump in which it does not stand are
 * left out: of the rules of hundreds of containers those of one are wanted.
 */
export function messagesIn(bytes: Uint8Array, mentioned?: Mentioned): Message[] {
  const messages: Message[] = [];
  const isMentioned = mentioned === undefined || mentionsText(bytes, mentioned);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || at + length > bytes.length) break;
    const [type, flags] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
    // What is no part of a dump, ends one or says that it was interrupted, is wanted always.
    const isPart = (flags & (FLAG.multi | FLAG.interrupted)) === FLAG.multi && type !== NLMSG_DONE;
    if (isMentioned || !isPart) {
      const body = new DataView(bytes.buffer, bytes.byteOffset + at + HEADER_BYTES, length - HEADER_BYTES);
      if (mentioned === undefined || !isPart || mentionsText(body, mentioned)) {
        messages.push({ type, flags, number: view.getUint32(at + 8, true), body });
      }
    }
    at += aligned(length);
  }
  return messages;
}

/** Whether a datagram is a part of a dump, by the first message in it. */
export function isDumpPart(bytes: Uint8Array): boolean {
  return (
    bytes.length >= HEADER_BYTES && (new DataView(bytes.buffer, bytes.byteOffset).getUint16(6, true) & FLAG.multi) !== 0
  );
}

/** Gives all messages of a request the number that their answers will have. */
export function setNumber(bytes: Uint8Array, number: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += aligned(view.getUint32(at, true))) {
    view.setUint32(at + 8, number, true);
  }
}

/** Attributes by type, most of which nobody asks for; of several with one type the last. */
export class Attributes {
  readonly #body: DataView;
  readonly #places = new Map<number, number>();

  constructor(body: DataView, headerBytes: number) {
    this.#body = body;
    const end = body.byteLength;
    // A length that the message itself says may lead anywhere.
    if (headerBytes > end) return;
    for (let at = aligned(headerBytes); at + ATTRIBUTE_HEADER_BYTES <= end; ) {
      const header = body.getUint32(at, true);
      const length = header & 0xffff;
      if (length < ATTRIBUTE_HEADER_BYTES || at + length > end) break;
      this.#places.set((header >>> 16) & TYPE_BITS, at);
      at += aligned(length);
    }
  }

  /** The value of an attribute. */
  get(type: number): DataView | undefined {
    const at = this.#places.get(type);
    if (at === undefined) return undefined;
    const { buffer, byteOffset } = this.#body;
    const length = this.#body.getUint16(at, true) - ATTRIBUTE_HEADER_BYTES;
    return new DataView(buffer, byteOffset + at + ATTRIBUTE_HEADER_BYTES, length);
  }

  has(type: number): boolean {
    return this.#places.has(type);
  }
}

/** The attributes behind a body's own header. */
export function attributesOf(body: DataView, headerBytes: number): Attributes {
  return new Attributes(body, headerBytes);
}

/** The values of attributes that are the elements of a list; of one type, where it has others too. */
export function listedIn(list: DataView, type?: number): DataView[] {
  const values: DataView[] = [];
  for (let at = 0; at + ATTRIBUTE_HEADER_BYTES <= list.byteLength; ) {
    const length = list.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > list.byteLength) break;
    if (type === undefined || (list.getUint16(at + 2, true) & TYPE_BITS) === type) {
      const offset = list.byteOffset + at + ATTRIBUTE_HEADER_BYTES;
      values.push(new DataView(list.buffer, offset, length - ATTRIBUTE_HEADER_BYTES));
    }
    at += aligned(length);
  }
  return values;
}

/** Whether there is an attribute of a type already: `ip` refuses most words that come twice. */
export function hasAttribute(attributes: readonly Attribute[], type: number): boolean {
  for (const [other] of attributes) if (other === type) return true;
  return false;
}

/** A text as the kernel takes it. */
export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** A number of two bytes. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

/** A number as most attributes have it. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

/** The bodies of messages that have a whole header of their family. */
export function bodiesOf(messages: readonly Message[], headerBytes: number): DataView[] {
  const bodies: DataView[] = [];
  for (const { body } of messages) if (body.byteLength >= headerBytes) bodies.push(body);
  return bodies;
}

/** The number of so many bytes in an attribute; one that is cut off is as good as none. */
export function numberOf(value: DataView | undefined, bytes: 1 | 2 | 4): number | undefined {
  if (value === undefined || value.byteLength < bytes) return undefined;
  return bytes === 4 ? value.getUint32(0, true) : bytes === 2 ? value.getUint16(0, true) : value.getUint8(0);
}

/** The bytes of an attribute. */
export function bytesOf(value: DataView): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** The text in an attribute, up to its NUL. */
export function textOf(value: DataView | undefined): string {
  if (value === undefined) return '';
  const bytes = bytesOf(value);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
