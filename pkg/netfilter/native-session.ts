import type { Netns } from '../netns/netns.ts';
import { ownNetns } from '../netns/own.ts';
import type { Mentioned, Message } from '../rtnl/message.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { type Libc, LibcError, libc, NETLINK } from '../sys/libc.ts';
import { holdOpen } from '../sys/socket/child.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { listRequest, type NativeChain, transaction } from './native-message.ts';

/** What every socket takes at once, however little an administrator lets them have. */
const SMALL_BATCH_BYTES = 4 * 1024;
/** What the kernel needs besides the bytes of a request. */
const OVERHEAD_BYTES = 1024;
/** What a refusal takes in a socket's queue; every message of a batch may be refused by itself. */
const REFUSAL_BYTES = 1024;

/** The kernel has not said whether it has added something: nobody may do it a second time without a look. */
export class UnansweredCommit extends CniError {
  constructor(cause: Error) {
    super(ErrorCode.internal, `nf_tables did not answer: ${cause.message}`, '', { cause });
  }

  /** Whether that is what a failure comes from. */
  static isBehind(thrown: unknown): boolean {
    for (let one = thrown; one instanceof Error; one = one.cause) if (one instanceof UnansweredCommit) return true;
    return false;
  }
}

/** Whether this process has deleted rules: closing any session makes it wait from then on, not only the one it used. */
let hasDeleted = false;

/** Sessions of the process's own namespace that nobody has now. */
const idle: NativeSession[] = [];

/** What messages do together. What is put is there once, however often somebody puts it. */
export type BatchKind = 'adds' | 'puts' | 'removes' | 'both';

/**
 * A talk with the kernel's tables of a namespace. Whatever fails in it, a program is behind it; only an addition that
 * was never answered is thrown: it may be done, and nobody may do it a second time.
 */
export class NativeSession {
  readonly #place: Netns;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #socket: RtnlSocket;
  readonly #finders: number[] = [];
  /** Whether a child keeps it open beyond this process. */
  #isHeld = false;
  #finder: RtnlSocket | undefined;

  private constructor(place: Netns, c: Libc) {
    this.#place = place;
    this.#libc = c;
    this.#fd = this.#open();
    this.#socket = new RtnlSocket(c, this.#fd);
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeSession | undefined {
    const c = libc();
    if (c === undefined || !place.canEnter) return undefined;
    const known = place === ownNetns() ? idle.pop() : undefined;
    if (known !== undefined) return known;
    try {
      return new NativeSession(place, c);
    } catch (thrown) {
      if (thrown instanceof LibcError) return undefined;
      throw thrown;
    }
  }

  /**
   * The rules of a chain, or of a table without one; only those in which the given text or bytes stand, if there are any. None
   * when the chain is not there, `undefined` when nobody may look, or when others change rules all the time: a program is more
   * patient.
   */
  list(chain: NativeChain, mentioned?: Mentioned): readonly Message[] | undefined {
    try {
      return this.#socket.exchange(listRequest(chain), mentioned);
    } catch (thrown) {
      if (!isFailure(thrown)) throw thrown;
      return thrown instanceof RtnlError && thrown.code === 'ENOENT' ? [] : undefined;
    }
  }

  /** Whether the kernel has the one thing that is asked for. */
  has(request: Uint8Array): boolean {
    try {
      return this.#socket.exchange(request).length > 0;
    } catch (thrown) {
      if (!isFailure(thrown)) throw thrown;
      return false;
    }
  }

  /**
   * The first rule of a chain that is wanted, of those in which the given text stands. What all containers share stands
   * in front of what hundreds of them have for themselves, and that is not listed then. It may be asked while a second
   * thread commits.
   */
  find(chain: NativeChain, mentioned: string | undefined, isWanted: (rule: Message) => boolean): Message | undefined {
    try {
      return this.#freeFinder().find(listRequest(chain), mentioned, isWanted);
    } catch (thrown) {
      if (!isFailure(thrown)) throw thrown;
      this.#finder = undefined;
      return undefined;
    }
  }

  #freeFinder(): RtnlSocket {
    if (this.#finder !== undefined && !this.#finder.isSpent) return this.#finder;
    const fd = this.#open();
    this.#finders.push(fd);
    this.#finder = RtnlSocket.forFinding(this.#libc, fd);
    return this.#finder;
  }

  /** Carries out messages together; `false` when the kernel refuses, and then nothing is done. */
  commit(messages: readonly Uint8Array[], kind: BatchKind): boolean {
    return this.#isDone(messages, kind, () => this.#socket.exchange(this.#batchOf(messages)));
  }

  /**
   * {@link commit} by a second thread: the kernel goes through all rules of a table, which are many with hundreds of
   * containers. Gives what waits for the outcome.
   */
  commitInThread(messages: readonly Uint8Array[], kind: BatchKind): () => boolean {
    const awaitAnswer = messages.length === 0 ? () => [] : this.#socket.exchangeInThread(this.#batchOf(messages));
    return () => this.#isDone(messages, kind, awaitAnswer);
  }

  /** One request, however large: the kernel takes or refuses as a whole what is sent at once. */
  #batchOf(messages: readonly Uint8Array[]): Uint8Array {
    const batch = transaction(messages);
    if (batch.length > SMALL_BATCH_BYTES)
      this.#libc.makeRoom(this.#fd, batch.length + OVERHEAD_BYTES, messages.length * REFUSAL_BYTES);
    return batch;
  }

  #isDone(messages: readonly Uint8Array[], kind: BatchKind, commit: () => unknown): boolean {
    if (messages.length === 0) return true;
    try {
      commit();
      hasDeleted ||= kind === 'removes' || kind === 'both';
      this.#isHeld = false;
      return true;
    } catch (thrown) {
      if (!isFailure(thrown)) throw thrown;
      // Whoever removes a second time finds nothing, and whoever puts finds it there.
      if ((kind === 'adds' || kind === 'both') && isOfReceiving(thrown)) throw new UnansweredCommit(thrown);
      return false;
    }
  }

  #open(): number {
    return this.#place.run(() => this.#libc.netlinkSocket(NETLINK.netfilter));
  }

  /**
   * Lets go of the kernel, which makes whoever closes wait until a commit is over: so not before. After a deletion that
   * takes until nobody can see any more what was deleted, 5 to 10 ms in which nothing is left to be done here. In the
   * process's own namespace the next one has it.
   */
  close(): void {
    for (const fd of this.#finders.splice(0)) this.#close(fd);
    this.#finder = undefined;
    if (this.#place !== ownNetns() || (idle.length > 0 && !hasDeleted)) this.#close(this.#fd);
    else idle.push(this);
    // Also one that was let go of before the deletion is closed after it: by the end of the process.
    if (hasDeleted) for (const session of idle) session.#hold();
  }

  #hold(): void {
    if (!this.#isHeld) holdOpen(this.#fd);
    this.#isHeld = true;
  }

  #close(fd: number): void {
    if (hasDeleted) holdOpen(fd);
    this.#libc.close(fd);
  }
}

/** What could not be sent has changed nothing. */
function isOfReceiving(thrown: unknown): thrown is LibcError {
  return thrown instanceof LibcError && thrown.message.startsWith('recv: ');
}

function isFailure(thrown: unknown): boolean {
  return thrown instanceof RtnlError || thrown instanceof LibcError;
}
