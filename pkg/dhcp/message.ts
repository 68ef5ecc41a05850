import { decodeOptions, encodeOptions, OPTION, type Options } from './options.ts';

/** What a message is about: option 53. */
export const MESSAGE = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7 } as const;

/** A message of DHCP over Ethernet, as RFC 2131 has it. */
export interface Message {
  readonly isReply: boolean;
  readonly xid: number;
  readonly secs: number;
  readonly broadcast: boolean;
  /** The client's address, where it has one. */
  readonly ciaddr: Uint8Array;
  /** The address that the server gives. */
  readonly yiaddr: Uint8Array;
  /** The client's MAC. */
  readonly chaddr: Uint8Array;
  readonly options: Options;
}

/** No address. */
export const NO_ADDRESS = new Uint8Array(4);

const HEADER_BYTES = 236;
const COOKIE = 0x63825363;
/** Servers of old refuse less. */
const MIN_BYTES = 300;
const BROADCAST = 0x8000;
const ETHERNET = 1;
const SERVER_NAME = { from: 44, to: 108 } as const;
const FILE = { from: 108, to: 236 } as const;
/** Bits of option 52: which of the two fields has options instead. */
const OVERLOAD = { file: 1, serverName: 2 } as const;

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  const options = encodeOptions(message.options);
  const bytes = new Uint8Array(Math.max(MIN_BYTES, HEADER_BYTES + 4 + options.length));
  const view = new DataView(bytes.buffer);
  bytes.set([message.isReply ? 2 : 1, ETHERNET, 6, 0]);
  view.setUint32(4, message.xid);
  view.setUint16(8, message.secs);
  view.setUint16(10, message.broadcast ? BROADCAST : 0);
  bytes.set(message.ciaddr, 12);
  bytes.set(message.yiaddr, 16);
  bytes.set(message.chaddr, 28);
  view.setUint32(HEADER_BYTES, COOKIE);
  bytes.set(options, HEADER_BYTES + 4);
  return bytes;
}

/** The message that bytes are; `undefined` when they are none for a client on Ethernet. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length < HEADER_BYTES + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [operation, hardware, length] = bytes;
  if ((operation !== 1 && operation !== 2) || hardware !== ETHERNET || length !== 6) return undefined;
  if (view.getUint32(HEADER_BYTES) !== COOKIE) return undefined;
  return {
    isReply: operation === 2,
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    broadcast: (view.getUint16(10) & BROADCAST) !== 0,
    ciaddr: bytes.slice(12, 16),
    yiaddr: bytes.slice(16, 20),
    chaddr: bytes.slice(28, 34),
    options: optionsOf(bytes),
  };
}

/** A server that has more to say than fits goes on in two fields that hardly anybody uses. */
function optionsOf(bytes: Uint8Array): Options {
  const options = new Map<number, Uint8Array>();
  decodeOptions(bytes.subarray(HEADER_BYTES + 4), options);
  const [overload = 0] = options.get(OPTION.overload) ?? [];
  if ((overload & OVERLOAD.file) !== 0) decodeOptions(bytes.subarray(FILE.from, FILE.to), options);
  if ((overload & OVERLOAD.serverName) !== 0) {
    decodeOptions(bytes.subarray(SERVER_NAME.from, SERVER_NAME.to), options);
  }
  return options;
}

/** Option 53 of a message; 0 when there is none. */
export function messageType({ options }: Message): number {
  return options.get(OPTION.messageType)?.[0] ?? 0;
}
