import { decodeMessage, type Message, NO_ADDRESS } from './message.ts';
import { addressesIn, numberIn, OPTION, type Options, sameBytes } from './options.ts';

/** An address that a server has given, and until when. Times are those of the {@link Clock}. */
export interface Lease {
  readonly address: Uint8Array;
  readonly server: Uint8Array;
  /** Where the server's answers come from: its own MAC, or that of the router before it. */
  readonly serverMac: Uint8Array;
  readonly options: Options;
  /** When it was asked for. */
  readonly askedAt: number;
  /** When the server is asked to prolong it. */
  readonly renewAt: number;
  /** When any server is asked. */
  readonly rebindAt: number;
  /** When it ends. */
  readonly expiresAt: number;
  /** The server's own words, for who wants to keep them. */
  readonly ack: Uint8Array;
}

const DEFAULT_SECONDS = 3600;
/** A server that gives less would keep everybody busy. */
const MIN_SECONDS = 2;
/** How a lease without an end is written. */
const FOREVER = 0xffff_ffff;
const REBINDING_PART = 0.85;

/** The lease that an answer gives; `undefined` when it names no address or no server. */
export function leaseFrom(ack: Uint8Array, serverMac: Uint8Array, askedAt: number): Lease | undefined {
  const message = decodeMessage(ack);
  const server = message && serverOf(message);
  if (message === undefined || server === undefined || sameBytes(message.yiaddr, NO_ADDRESS)) return undefined;
  const { options, yiaddr: address } = message;
  return { address, server, serverMac, options, ack, askedAt, ...timesOf(options, askedAt) };
}

/** Who sent a message: option 54. */
export function serverOf({ options }: Message): Uint8Array | undefined {
  return addressesIn(options, OPTION.serverId)[0];
}

/** Counted from when was asked, so that the client's end is never after the server's. */
function timesOf(options: Options, askedAt: number): Pick<Lease, 'renewAt' | 'rebindAt' | 'expiresAt'> {
  const seconds = numberIn(options, OPTION.leaseTime) ?? DEFAULT_SECONDS;
  if (seconds === FOREVER) return { renewAt: Infinity, rebindAt: Infinity, expiresAt: Infinity };
  const length = Math.max(MIN_SECONDS, seconds);
  const rebinding = Math.min(length, numberIn(options, OPTION.rebindingTime) ?? length * REBINDING_PART);
  const renewal = Math.min(rebinding, numberIn(options, OPTION.renewalTime) ?? length / 2);
  const renewAt = askedAt + Math.max(MIN_SECONDS / 2, renewal) * 1000;
  const expiresAt = askedAt + length * 1000;
  return { renewAt, rebindAt: Math.max(renewAt, askedAt + rebinding * 1000), expiresAt };
}
