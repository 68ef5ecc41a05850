import { type Client, type Clock, LinkGone, type Patience, type Wire } from './client.ts';
import { decodeFrame } from './frame.ts';
import { decodeMessage, type Message } from './message.ts';
import { sameBytes } from './options.ts';

/** The pause after the first packet; each that follows is twice as long. */
const FIRST_PAUSE_MS = 1000;
/** An exchange takes as long as three tries that double. */
const EXCHANGE_PARTS = 7;
const LONGEST_PAUSE_PARTS = 4;
/** Pauses differ by so much, or all clients would speak at once after an outage. */
const JITTER = 0.1;

/** What all exchanges of one client have in common. */
export interface Talk {
  readonly client: Client;
  readonly clock: Clock;
  readonly patience: Patience;
  readonly signal: AbortSignal;
}

/** One question, repeated until it is answered. */
export interface Question<T> {
  readonly wire: Wire;
  readonly xid: number;
  /** No longer than until then. */
  readonly until: number;
  /** The packet of a try, and what to know of time: how many seconds it took so far. */
  packet(tries: number, secs: number): Uint8Array;
  /** What an answer means; `undefined` when it is none. `bytes` are those of the message. */
  read(answer: Message, bytes: Uint8Array, mac: Uint8Array, askedAt: number): T | undefined;
}

/** The caller does not want it any more. */
export class Aborted extends Error {}

/** Asks until there is an answer; `undefined` when there was none in time. */
export async function exchange<T>(talk: Talk, question: Question<T>): Promise<T | undefined> {
  const { clock, patience, signal, client } = talk;
  const { wire, xid } = question;
  const start = clock.now();
  const end = Math.min(question.until, start + patience.timeout * EXCHANGE_PARTS);
  let pause = Math.min(FIRST_PAUSE_MS, patience.timeout);
  for (let tries = 0; clock.now() < end; tries += 1) {
    throwIfAborted(signal);
    const askedAt = clock.now();
    wire.send(question.packet(tries, Math.floor((askedAt - start) / 1000)));
    const patient = pause * (1 - JITTER + 2 * JITTER * clock.random());
    const until = Math.min(end, askedAt + patient);
    for (;;) {
      const frame = await wire.receive(until, signal);
      throwIfAborted(signal);
      if (frame === undefined) break;
      const received = decodeFrame(frame);
      const answer = received && decodeMessage(received.payload);
      if (received === undefined || answer === undefined || !isFor(client, xid, answer)) continue;
      const meaning = question.read(answer, received.payload, received.sourceMac, askedAt);
      if (meaning !== undefined) return meaning;
    }
    pause = Math.min(pause * 2, patience.timeout * LONGEST_PAUSE_PARTS);
  }
  return undefined;
}

/** Throws an {@link Aborted} when the caller has gone. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Aborted('the caller has gone');
}

function isFor(client: Client, xid: number, answer: Message): boolean {
  return answer.isReply && answer.xid === xid && sameBytes(answer.chaddr, client.mac);
}

/** A number for a conversation that nobody can guess well enough to matter. */
export function newXid(clock: Clock): number {
  return Math.floor(clock.random() * 0x1_0000_0000);
}

/** Whether something failed for good: trying again would not help. */
export function isFinal(thrown: unknown): boolean {
  return thrown instanceof Aborted || thrown instanceof LinkGone;
}
