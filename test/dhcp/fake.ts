import { type Client, type Clock, type Door, LinkGone, type Patience, type Wire } from '../../pkg/dhcp/client.ts';
import { BROADCAST_MAC } from '../../pkg/dhcp/frame.ts';
import {
  decodeMessage,
  encodeMessage,
  MESSAGE,
  type Message,
  messageType,
  NO_ADDRESS,
} from '../../pkg/dhcp/message.ts';
import { OPTION } from '../../pkg/dhcp/options.ts';

/** A clock that goes on when a test says so. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #sleepers = new Set<{ until: number; wake(): void }>();

  now(): number {
    return this.#now;
  }

  random(): number {
    return 0.5;
  }

  sleep(until: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = {
        until,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', sleeper.wake);
      if (signal.aborted) sleeper.wake();
    });
  }

  /** Lets so much time go by, and everybody do what they do in it. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      await settled();
      const next = [...this.#sleepers].sort((a, b) => a.until - b.until).find(({ until }) => until <= target);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.until);
      next.wake();
    }
    this.#now = target;
    await settled();
  }
}

/** Until everything that could be done has been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A packet that a client sent. */
export interface Sent {
  readonly at: number;
  readonly message: Message;
  readonly type: number;
  /** Whether it went to one MAC, and to one address. */
  readonly isDirect: boolean;
  readonly target: string;
}

/** A link with a server at its other end, which answers as a test has it. */
export class FakeLink implements Door {
  readonly sent: Sent[] = [];
  isUp = true;
  wires = 0;
  /** What the server answers to a message. */
  answer: (sent: Sent) => Partial<Message> | Uint8Array | undefined = () => undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async isThere(): Promise<boolean> {
    return this.isUp;
  }

  async open(): Promise<Wire> {
    if (!this.isUp) throw new LinkGone('the link has gone');
    this.wires += 1;
    const queue: Uint8Array[] = [];
    return {
      send: (frame) => this.#take(frame, queue),
      receive: async (until, signal) => {
        const frame = queue.shift();
        if (frame !== undefined) return frame;
        await this.#clock.sleep(until, signal);
        return queue.shift();
      },
      close: () => {
        this.wires -= 1;
      },
    };
  }

  #take(frame: Uint8Array, queue: Uint8Array[]): void {
    const message = decodeMessage(frame.subarray(42));
    if (message === undefined) throw new Error('a client sent what is no message');
    const isDirect = !frame.subarray(0, 6).every((byte, index) => byte === BROADCAST_MAC[index]);
    const target = frame.subarray(30, 34).join('.');
    const sent = { at: this.#clock.now(), message, type: messageType(message), isDirect, target };
    this.sent.push(sent);
    const answer = this.answer(sent);
    if (answer instanceof Uint8Array) queue.push(answer);
    else if (answer !== undefined) queue.push(fromServer(sent.message, answer));
  }
}

/** The server's MAC and address. */
export const SERVER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const SERVER = Uint8Array.of(10, 0, 0, 1);
export const GIVEN = Uint8Array.of(10, 0, 0, 7);

/** The frame of an answer. */
export function fromServer(to: Message, answer: Partial<Message>): Uint8Array {
  const { xid, chaddr } = to;
  const empty = { isReply: true, xid, secs: 0, broadcast: false, ciaddr: NO_ADDRESS, yiaddr: NO_ADDRESS, chaddr };
  const payload = encodeMessage({ ...empty, options: new Map(), ...answer });
  const frame = new Uint8Array(42 + payload.length);
  const view = new DataView(frame.buffer);
  frame.set(chaddr);
  frame.set(SERVER_MAC, 6);
  frame.set([8, 0, 0x45, 0], 12);
  view.setUint16(16, 28 + payload.length);
  frame.set([64, 17], 22);
  frame.set(SERVER, 26);
  frame.set(GIVEN, 30);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~sum & 0xffff);
  view.setUint16(34, 67);
  view.setUint16(36, 68);
  view.setUint16(38, 8 + payload.length);
  frame.set(payload, 42);
  return frame;
}

/** The options of an answer of the server. */
export function answered(type: number, more: Readonly<Record<number, readonly number[]>> = {}): Partial<Message> {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, Uint8Array.of(type)],
    [OPTION.serverId, SERVER],
    [OPTION.subnetMask, Uint8Array.of(255, 255, 255, 0)],
    [OPTION.leaseTime, Uint8Array.of(0, 0, 0, 100)],
  ]);
  for (const [code, data] of Object.entries(more)) options.set(Number(code), Uint8Array.from(data));
  return { yiaddr: type === MESSAGE.nak ? NO_ADDRESS : GIVEN, options };
}

/** A server that gives to everybody what they ask for. */
export function willing({ type }: Sent): Partial<Message> | undefined {
  if (type === MESSAGE.discover) return answered(MESSAGE.offer);
  return type === MESSAGE.request ? answered(MESSAGE.ack) : undefined;
}

/** A client for tests. */
export const CLIENT: Client = {
  mac: Uint8Array.of(2, 0, 0, 0, 0, 9),
  options: new Map([[OPTION.clientId, Uint8Array.of(0, 0x63)]]),
  broadcast: false,
};

/** The daemon's own patience. */
export const PATIENCE: Patience = { timeout: 10_000, resendMax: 62_000, resendTimeout: 208_000 };
