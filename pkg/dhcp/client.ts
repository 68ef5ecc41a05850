import type { Options } from './options.ts';

/** Time as the client needs it; tests bring one of their own. */
export interface Clock {
  /** Milliseconds that go on in suspension and never jump. */
  now(): number;
  /** Waits until then; ends at once when the signal comes. */
  sleep(until: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

/** A way to send and receive whole frames on one link. */
export interface Wire {
  /** Sends a frame. One that the link does not take now counts as lost. */
  send(frame: Uint8Array): void;
  /** The next frame; `undefined` when none came until then, or the signal did. */
  receive(until: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  close(): void;
}

/** The link that an address is for. */
export interface Door {
  /** Opens a wire; throws a {@link LinkGone} when the link or its namespace is not there any more. */
  open(): Promise<Wire>;
  /** Whether it is still the same link in the same namespace. */
  isThere(): Promise<boolean>;
}

/** There is nobody any more whom an address could be for. */
export class LinkGone extends Error {}

/** Who asks, and for what. */
export interface Client {
  readonly mac: Uint8Array;
  /** Options of every message: who the client is, and what was configured. */
  readonly options: Options;
  /** Whether servers are asked to answer to everybody. */
  readonly broadcast: boolean;
}

/** How long is waited for answers, in milliseconds. */
export interface Patience {
  /** For the first answer; an exchange may take seven times as long. */
  readonly timeout: number;
  /** The longest pause between two tries to get an address. */
  readonly resendMax: number;
  /** For all of them together. */
  readonly resendTimeout: number;
}
