import type { Netns } from '../netns/netns.ts';
import type { Message } from '../rtnl/message.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { closeElsewhere } from '../sys/close-elsewhere.ts';
import { type Libc, libc, NETLINK } from '../sys/libc.ts';
import { listRequest, type NativeChain, transaction } from './native-message.ts';

/** A talk with the kernel's tables of a namespace. */
export class NativeSession {
  readonly #open: () => number;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #socket: RtnlSocket;
  readonly #finders: number[] = [];
  #finder: RtnlSocket | undefined;
  #hasDeleted = false;

  private constructor(open: () => number, c: Libc) {
    this.#open = open;
    this.#libc = c;
    this.#fd = open();
    this.#socket = new RtnlSocket(c, this.#fd);
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeSession | undefined {
    const c = libc();
    if (c === undefined || !place.canEnter) return undefined;
    return new NativeSession(() => place.run(() => c.netlinkSocket(NETLINK.netfilter)), c);
  }

  /**
   * The rules of a chain, or of a table without one; only those in which the given text stands, if there is one. None when
   * the chain is not there, `undefined` when nobody may look, or when others change rules all the time: a program is more
   * patient.
   */
  list(chain: NativeChain, mentioned?: string): readonly Message[] | undefined {
    try {
      return this.#socket.exchange(listRequest(chain), mentioned);
    } catch (thrown) {
      if (!(thrown instanceof RtnlError)) throw thrown;
      return thrown.code === 'ENOENT' ? [] : undefined;
    }
  }

  /**
   * The first rule of a chain that is wanted, of those in which the given text stands. What all containers share stands
   * in front of what hundreds of them have for themselves, and that is not listed then. It may be asked while a second
   * thread commits.
   */
  find(chain: NativeChain, mentioned: string | undefined, isWanted: (rule: Message) => boolean): Message | undefined {
    const finder = this.#freeFinder();
    try {
      return finder.find(listRequest(chain), mentioned, isWanted);
    } catch (thrown) {
      if (thrown instanceof RtnlError) return undefined;
      throw thrown;
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
  commit(messages: readonly Uint8Array[], hasDeletion: boolean): boolean {
    return this.#isDone(messages, hasDeletion, () => this.#socket.exchange(transaction(messages)));
  }

  /**
   * {@link commit} by a second thread: the kernel goes through all rules of a table, which are many with hundreds of
   * containers. Gives what waits for the outcome.
   */
  commitAside(messages: readonly Uint8Array[], hasDeletion: boolean): () => boolean {
    const awaitAnswer = messages.length === 0 ? () => [] : this.#socket.exchangeAside(transaction(messages));
    return () => this.#isDone(messages, hasDeletion, awaitAnswer);
  }

  #isDone(messages: readonly Uint8Array[], hasDeletion: boolean, commit: () => unknown): boolean {
    if (messages.length === 0) return true;
    try {
      commit();
      this.#hasDeleted ||= hasDeletion;
      return true;
    } catch (thrown) {
      if (thrown instanceof RtnlError) return false;
      throw thrown;
    }
  }

  /**
   * Lets go of the kernel, which makes whoever closes wait until a commit is over: so not before. After a deletion that
   * takes until nobody can see any more what was deleted, 5 to 10 ms in which nothing is left to be done here.
   */
  close(): void {
    for (const fd of [...this.#finders, this.#fd]) {
      if (this.#hasDeleted) closeElsewhere(fd);
      else this.#libc.close(fd);
    }
  }
}
