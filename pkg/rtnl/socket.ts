import type { Netns } from '../netns/netns.ts';
import { type ErrnoName, errnoName, errnoText } from '../sys/errno.ts';
import type { Libc } from '../sys/libc.ts';
import {
  attributesOf,
  FLAG,
  isDumpPart,
  type Mentioned,
  type Message,
  messagesIn,
  NLMSG_DONE,
  numberOf,
  setNumber,
  textOf,
} from './message.ts';

const ENOENT = 2;
const EINTR = 4;
const EBADMSG = 74;
const EMSGSIZE = 90;
/** Where a message has its type. */
const TYPE_AT = 4;
const NLMSG_ERROR = 2;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const ERROR_HEADER_BYTES = 20;
/** As large as the kernel makes a part of a dump for whoever asks with less. */
const RECEIVE_BYTES = 32 * 1024;
/** The same for who hopes to find what he wants near the beginning. */
const FIND_BYTES = 8 * 1024;
/** No datagram of the kernel's is longer: the lists within one message end at 64 KiB each. */
const LONGEST_DATAGRAM_BYTES = 1024 * 1024;
const DUMP_TRIES = 5;

/**
 * How much an answer about a container may be, with all tries: whoever is in there may have made as many links, addresses
 * and routes as he likes, and change them all the time. Not how long it may take: that depends on everybody else.
 */
const MOST_CONTAINER_BYTES = 16 * 1024 * 1024;

/** The kernel's refusal of a request. */
export class RtnlError extends Error {
  readonly code: ErrnoName | undefined;

  constructor(errno: number, explanation: string) {
    const code = errnoName(errno);
    const text = explanation.endsWith('.') ? explanation.slice(0, -1) : explanation;
    super(text === '' ? (code === undefined ? `errno ${Math.abs(errno)}` : errnoText(code)) : text);
    this.code = code;
  }
}

/** An answer that lacks something: changes overtook the dump each time, or what was asked for grew each time. */
export class IncompleteAnswer extends RtnlError {
  constructor(explanation: string) {
    super(EINTR, explanation);
  }
}

/** What is waited for: the answer to one request. */
interface Awaited {
  /** See {@link RtnlSocket.exchange}. */
  readonly mentioned?: Mentioned | undefined;
  /** Whether nothing behind this part is wanted. */
  readonly isLast?: ((part: Message) => boolean) | undefined;
}

/** Where the datagrams of all sockets arrive; each is copied from here at once. */
let room: Uint8Array | undefined;

function sharedRoom(): Uint8Array {
  room ??= new Uint8Array(RECEIVE_BYTES);
  return room;
}

/** The number of the last request of this process. */
let lastNumber: number | undefined;

/** The number of the next request. It starts anywhere, so that nobody can know what an answer would have to have. */
function nextNumber(libc: Libc): number {
  if (lastNumber === undefined) {
    const start = new Uint32Array(1);
    libc.random(new Uint8Array(start.buffer));
    lastNumber = start[0] ?? 0;
  }
  lastNumber = lastNumber === 0xffff_ffff ? 1 : lastNumber + 1;
  return lastNumber;
}

/**
 * A netlink socket, for routes unless it is given another one; it speaks to the namespace that its thread was in when it
 * was opened. Only the kernel can send to it, and only what answers the request of the moment counts as its answer.
 */
export class RtnlSocket {
  /** Which index the names of links had when they were last asked for. Whatever can change that has to clear it. */
  readonly indices = new Map<string, number>();
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #mostBytes: number;
  #bytesLeft: number;
  #buffer: Uint8Array;
  /** Whether the last datagram was longer than there was room for. */
  #wasCut = false;
  #isSpent = false;

  constructor(libc: Libc, fd = libc.routeSocket(), buffer = sharedRoom(), mostBytes = Number.POSITIVE_INFINITY) {
    this.#libc = libc;
    this.#fd = fd;
    this.#buffer = buffer;
    this.#mostBytes = mostBytes;
    this.#bytesLeft = mostBytes;
  }

  /** One for routes in a namespace. What is asked of a container's has a limit. */
  static in(place: Netns, libc: Libc): RtnlSocket {
    // A socket stays in the namespace it was opened in, so only its opening happens there.
    const fd = place.run(() => libc.routeSocket());
    return new RtnlSocket(libc, fd, undefined, place.isOwn() ? undefined : MOST_CONTAINER_BYTES);
  }

  /** One to {@link find} with. */
  static forFinding(libc: Libc, fd: number): RtnlSocket {
    return new RtnlSocket(libc, fd, new Uint8Array(FIND_BYTES));
  }

  /** Whether nothing more can be asked, because {@link find} has not read an answer to its end. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  close(): void {
    this.#libc.close(this.#fd);
  }

  /**
   * Sends a request and gives all messages of the answer; throws an {@link RtnlError} when the kernel refuses. Of a dump,
   * only parts in which the given text stands are given.
   */
  exchange(request: Uint8Array, mentioned?: Mentioned): Message[] {
    return this.#persistently(request, mentioned);
  }

  #persistently(request: Uint8Array, mentioned?: Mentioned, isLast?: (message: Message) => boolean): Message[] {
    this.#bytesLeft = this.#mostBytes;
    for (let tries = 1; ; tries++) {
      try {
        return this.#answer(this.#send(request), { mentioned, isLast });
      } catch (thrown) {
        if (!(thrown instanceof IncompleteAnswer) || tries === DUMP_TRIES) throw thrown;
      }
    }
  }

  /** Sends a request; gives the number that its answer will have. */
  #send(request: Uint8Array): number {
    const number = this.#number(request);
    this.#libc.send(this.#fd, request);
    return number;
  }

  #number(request: Uint8Array): number {
    const number = nextNumber(this.#libc);
    setNumber(request, number);
    return number;
  }

  /**
   * The first part of a dump that is wanted, of those in which the given text stands. What comes behind it is not waited
   * for, so nothing else can be asked after that, unless the dump was short.
   */
  find(request: Uint8Array, mentioned: string | undefined, isWanted: (part: Message) => boolean): Message | undefined {
    let found: Message | undefined;
    this.#persistently(request, mentioned, (part) => {
      if (isWanted(part)) found = part;
      return found !== undefined;
    });
    this.#isSpent = found !== undefined && !this.#isAtEnd();
    return found;
  }

  /** Whether a dump has its end next. */
  #isAtEnd(): boolean {
    this.#libc.receive(this.#fd, this.#buffer);
    return new DataView(this.#buffer.buffer).getUint16(TYPE_AT, true) === NLMSG_DONE;
  }

  /**
   * {@link exchange} for what keeps its sender longer than it takes, so that a child sends it. Whoever deletes a link is
   * kept until nobody can still be looking at it, 10 to 20 ms, and such a request is over as soon as the kernel tells of
   * it, if it asks for that; a kernel before 6.2 tells nobody and answers at the end.
   */
  exchangeByChild(request: Uint8Array): void {
    const number = this.#number(request);
    const awaitAnswer = this.#libc.sendByChild(this.#fd, request);
    for (;;) {
      awaitAnswer();
      for (const message of messagesIn(this.#receive())) {
        // The late answer to an earlier one, of which the kernel has told before.
        if (message.number !== number) continue;
        // Either the answer, or the news that was asked for.
        if (message.type === NLMSG_ERROR) acknowledged(message, []);
        return;
      }
    }
  }

  /** {@link exchange} for what keeps the kernel busy while there is other work; gives what waits for the answer. */
  exchangeInThread(request: Uint8Array): () => Message[] {
    const number = this.#number(request);
    const awaitSent = this.#libc.sendInThread(this.#fd, request);
    return () => {
      awaitSent();
      return this.#answer(number, {});
    };
  }

  /** {@link exchange} for a request that names a network namespace, which is open for as long as that takes. */
  exchangeWithNetns(path: string, request: (fd: number) => Uint8Array): Message[] {
    let fd: number;
    try {
      fd = this.#libc.open(path);
    } catch (thrown) {
      // Whatever the reason, `ip` calls it a netns that is not there.
      throw new RtnlError(
        ENOENT,
        `cannot open the netns: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      );
    }
    try {
      return this.exchange(request(fd));
    } finally {
      this.#libc.close(fd);
    }
  }

  #answer(number: number, { mentioned, isLast }: Awaited): Message[] {
    const answer: Message[] = [];
    let isIncomplete = false;
    for (;;) {
      const datagram = this.#receive();
      for (const message of messagesIn(datagram, mentioned)) {
        if (message.number !== number) continue;
        isIncomplete ||= (message.flags & FLAG.interrupted) !== 0;
        if (message.type === NLMSG_ERROR) return acknowledged(message, answer);
        if (message.type === NLMSG_DONE) {
          if (isIncomplete) throw new IncompleteAnswer('the dump was interrupted by other changes');
          return dumped(message, answer);
        }
        answer.push(message);
        if ((message.flags & FLAG.multi) === 0 || isLast?.(message)) return answer;
      }
      if (!this.#wasCut) continue;
      if (!isDumpPart(datagram)) throw new IncompleteAnswer('the answer is longer than expected');
      // The rest of a dump has to be heard before it can be asked for again.
      isIncomplete = true;
    }
  }

  /** What came, as far as there was room for it; there will be room for one like it the next time. */
  #receive(): Uint8Array {
    const { length: room } = this.#buffer;
    const length = this.#libc.receive(this.#fd, this.#buffer);
    this.#wasCut = length > room;
    const datagram = this.#buffer.slice(0, length);
    this.#bytesLeft -= length;
    if (this.#bytesLeft < 0) throw new RtnlError(EMSGSIZE, `an answer of more than ${this.#mostBytes} bytes`);
    if (length > LONGEST_DATAGRAM_BYTES) {
      throw new RtnlError(
        EMSGSIZE,
        `an answer of ${length} bytes, where ${LONGEST_DATAGRAM_BYTES} are expected at most`,
      );
    }
    if (this.#wasCut) this.#buffer = new Uint8Array(Math.min(LONGEST_DATAGRAM_BYTES, Math.max(length, 2 * room)));
    return datagram;
  }
}

/** The end of a dump says whether it came to its end. */
function dumped({ body, flags }: Message, answer: Message[]): Message[] {
  const errno = (numberOf(body, 4) ?? 0) | 0;
  if (errno >= 0) return answer;
  const explained = (flags & NLM_F_ACK_TLVS) !== 0;
  throw new RtnlError(errno, explained ? textOf(attributesOf(body, 4).get(NLMSGERR_ATTR_MSG)) : '');
}

/** An error message with the number 0 is the kernel's yes. */
function acknowledged({ body, flags }: Message, answer: Message[]): Message[] {
  const errno = (numberOf(body, 4) ?? EBADMSG) | 0;
  if (errno === 0) return answer;
  if ((flags & NLM_F_ACK_TLVS) === 0) throw new RtnlError(errno, '');
  // The refused request is repeated behind the number, whole or just its header.
  const isWhole = (flags & NLM_F_CAPPED) === 0 && body.byteLength >= ERROR_HEADER_BYTES;
  const repeated = isWhole ? body.getUint32(4, true) : ERROR_HEADER_BYTES - 4;
  throw new RtnlError(errno, textOf(attributesOf(body, 4 + repeated).get(NLMSGERR_ATTR_MSG)));
}
