import { type Attribute, messagesIn, request, setNumber } from '../../../pkg/rtnl/message.ts';
import { RtnlError, RtnlSocket } from '../../../pkg/rtnl/socket.ts';
import type { Libc } from '../../../pkg/sys/libc.ts';

const NLMSG = { error: 2, done: 3 } as const;
const MULTI = 2;
const ETIMEDOUT = 110;
/** Receiving ends then, as it does when the kernel says nothing for long. */
const MOST_DATAGRAMS = 30;
/** What sockets receive into: a new one for each would take longer than all the rest. */
const ROOM = new Uint8Array(32 * 1024);

/** In front of each datagram of an input stands its length. */
const LENGTH_BYTES = 2;

/** A message as the kernel writes it. */
export function told(type: number, header: Uint8Array, attributes: readonly Attribute[], flags = MULTI): Uint8Array {
  const bytes = request(type, 0, header, attributes);
  new DataView(bytes.buffer).setUint16(6, flags, true);
  return bytes;
}

/** The end of a dump. */
export const DONE = told(NLMSG.done, new Uint8Array(4), []);

/** The kernel's yes, or its no with a number and a reason. */
export function acknowledgement(errno = 0, attributes: readonly Attribute[] = []): Uint8Array {
  const body = new Uint8Array(20);
  new DataView(body.buffer).setInt32(0, -errno, true);
  return told(NLMSG.error, body, attributes, attributes.length === 0 ? 0x100 : 0x300);
}

/** An input: what the kernel says, one datagram after the other, each of some messages. */
export function said(...datagrams: readonly (readonly Uint8Array[])[]): Uint8Array {
  const bytes: number[] = [];
  for (const messages of datagrams) {
    const length = messages.reduce((sum, message) => sum + message.length, 0);
    bytes.push(length & 255, length >> 8);
    for (const message of messages) bytes.push(...message);
  }
  return Uint8Array.from(bytes);
}

/**
 * A socket whose kernel says what is in an input and that this is all, over and over; what has no number answers the
 * last question.
 */
export function socketSaying(input: Uint8Array): RtnlSocket {
  const datagrams = [...datagramsIn(input), DONE];
  let [next, number] = [0, 0];
  const hear = (_fd: number, bytes: Uint8Array): void => {
    number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
    // Nothing is left of the input: the next answer is its beginning.
    if (next % datagrams.length === datagrams.length - 1) next += 1;
  };
  const libc: Partial<Libc> = {
    close() {},
    random: (buffer) => void buffer.fill(7),
    send: hear,
    sendByChild(fd, bytes) {
      hear(fd, bytes);
      return () => {};
    },
    receive(_fd, buffer) {
      if (next >= MOST_DATAGRAMS) throw new RtnlError(ETIMEDOUT, '');
      const datagram = datagrams[next % datagrams.length]?.slice() ?? new Uint8Array();
      next += 1;
      for (const message of messagesIn(datagram)) {
        if (message.number !== 0) continue;
        const start = message.body.byteOffset - 16;
        setNumber(new Uint8Array(datagram.buffer, start, 16 + message.body.byteLength), number);
      }
      buffer.set(datagram.subarray(0, buffer.length));
      return datagram.length;
    },
  };
  return new RtnlSocket(libc as Libc, 7, ROOM);
}

function datagramsIn(input: Uint8Array): readonly Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  for (let at = 0; at + LENGTH_BYTES <= input.length; ) {
    const length = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += LENGTH_BYTES;
    // One that is cut is what a kernel never sends, but a reader has to bear it.
    datagrams.push(input.subarray(at, at + length));
    at += length;
  }
  return datagrams;
}

/** Refusals of the kernel are known to whoever asks it. */
export function isRefusal(thrown: unknown): boolean {
  return thrown instanceof RtnlError;
}

/** What each of some readers finds; of those that the kernel refuses, why. */
export function eachOf<T>(readers: readonly (() => T)[]): unknown {
  const found: unknown[] = [];
  let refusal: unknown;
  for (const read of readers) {
    try {
      found.push(read());
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown;
      refusal = thrown;
    }
  }
  if (found.length === 0) throw refusal;
  return found;
}
