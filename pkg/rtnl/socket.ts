import { type ErrnoName, errnoName, errnoText } from '../sys/errno.ts';
import type { Libc } from '../sys/libc.ts';
import { attributesOf, FLAG, type Message, messagesIn, NLMSG_DONE, textOf } from './message.ts';

const ENOENT = 2;
/** Where a message has its type, and a request its number. */
const TYPE_AT = 4;
const NUMBER_AT = 8;
const NLMSG_ERROR = 2;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const ERROR_HEADER_BYTES = 20;
/** As large as the kernel makes a part of a dump for whoever asks with less. */
const RECEIVE_BYTES = 32 * 1024;
/** The same for who hopes to find what he wants near the beginning. */
const FIND_BYTES = 8 * 1024;
const DUMP_TRIES = 5;

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

/** A dump that another change overtook, each time that it was asked for: its answer may lack something. */
export class InterruptedDump extends Error {}

/**
 * A netlink socket, for routes unless it is given another one; it speaks to the namespace that its thread was in when it
 * was opened.
 */
export class RtnlSocket {
  /** Which index the names of links had when they were last asked for. Whatever can change that has to clear it. */
  readonly indices = new Map<string, number>();
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #buffer: Uint8Array;
  /** The number of the last request that a child sent; all others have the number 0. */
  #sentByChildren = 0;
  #isSpent = false;

  constructor(libc: Libc, fd = libc.routeSocket(), buffer = new Uint8Array(RECEIVE_BYTES)) {
    this.#libc = libc;
    this.#fd = fd;
    this.#buffer = buffer;
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
  exchange(request: Uint8Array, mentioned?: string): Message[] {
    return this.#persistently(request, mentioned);
  }

  #persistently(request: Uint8Array, mentioned?: string, isLast?: (message: Message) => boolean): Message[] {
    for (let tries = 1; ; tries++) {
      try {
        this.#libc.send(this.#fd, request);
        return this.#answer(mentioned, isLast);
      } catch (thrown) {
        if (!(thrown instanceof InterruptedDump) || tries === DUMP_TRIES) throw thrown;
      }
    }
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
    const number = ++this.#sentByChildren;
    new DataView(request.buffer, request.byteOffset).setUint32(NUMBER_AT, number, true);
    const awaitAnswer = this.#libc.sendByChild(this.#fd, request);
    for (;;) {
      awaitAnswer();
      for (const message of this.#receive()) {
        if (message.number !== number) continue;
        // Either the answer, or the news that was asked for.
        if (message.type === NLMSG_ERROR) acknowledged(message, []);
        return;
      }
    }
  }

  /** {@link exchange} for what keeps the kernel busy while there is other work; gives what waits for the answer. */
  exchangeAside(request: Uint8Array): () => Message[] {
    const awaitSent = this.#libc.sendAside(this.#fd, request);
    return () => {
      awaitSent();
      return this.#answer();
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

  #answer(mentioned?: string, isLast?: (message: Message) => boolean): Message[] {
    const answer: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(mentioned)) {
        if (this.#isLate(message)) continue;
        interrupted ||= (message.flags & FLAG.interrupted) !== 0;
        if (message.type === NLMSG_ERROR) return acknowledged(message, answer);
        if (message.type === NLMSG_DONE) {
          if (interrupted) throw new InterruptedDump('the dump was interrupted by other changes');
          return dumped(message, answer);
        }
        answer.push(message);
        if ((message.flags & FLAG.multi) === 0 || isLast?.(message)) return answer;
      }
    }
  }

  #receive(mentioned?: string): Message[] {
    const length = this.#libc.receive(this.#fd, this.#buffer);
    return messagesIn(this.#buffer.slice(0, length), mentioned);
  }

  /** Whether it is the answer to a request of a child, of which the kernel has told before. */
  #isLate({ number }: Message): boolean {
    return number > 0 && number <= this.#sentByChildren;
  }
}

/** The end of a dump says whether it came to its end. */
function dumped({ body, flags }: Message, answer: Message[]): Message[] {
  const errno = body.byteLength < 4 ? 0 : body.getInt32(0, true);
  if (errno >= 0) return answer;
  const explained = (flags & NLM_F_ACK_TLVS) !== 0;
  throw new RtnlError(errno, explained ? textOf(attributesOf(body, 4).get(NLMSGERR_ATTR_MSG)) : '');
}

/** An error message with the number 0 is the kernel's yes. */
function acknowledged({ body, flags }: Message, answer: Message[]): Message[] {
  const errno = body.getInt32(0, true);
  if (errno === 0) return answer;
  if ((flags & NLM_F_ACK_TLVS) === 0) throw new RtnlError(errno, '');
  // The refused request is repeated behind the number, whole or just its header.
  const repeated = (flags & NLM_F_CAPPED) === 0 ? body.getUint32(4, true) : ERROR_HEADER_BYTES - 4;
  throw new RtnlError(errno, textOf(attributesOf(body, 4 + repeated).get(NLMSGERR_ATTR_MSG)));
}
