import type { Netns } from '../netns/netns.ts';
import type { Message } from '../rtnl/message.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { libc, NETLINK } from '../sys/libc.ts';
import { listRequest, type NativeChain, transaction } from './native-message.ts';

/** A talk with the kernel's tables of a namespace. */
export class NativeSession {
  readonly #socket: RtnlSocket;
  #hasDeleted = false;

  private constructor(socket: RtnlSocket) {
    this.#socket = socket;
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeSession | undefined {
    const c = libc();
    if (c === undefined || !place.canEnter) return undefined;
    return new NativeSession(place.run(() => new RtnlSocket(c, c.netlinkSocket(NETLINK.netfilter))));
  }

  /** The rules of a chain, or of a table without one; none when it is not there, `undefined` when nobody may look. */
  list(chain: NativeChain): readonly Message[] | undefined {
    try {
      return this.#socket.exchange(listRequest(chain));
    } catch (thrown) {
      if (!(thrown instanceof RtnlError)) throw thrown;
      return thrown.code === 'ENOENT' ? [] : undefined;
    }
  }

  /** Carries out messages together; `false` when the kernel refuses, and then nothing is done. */
  commit(messages: readonly Uint8Array[], hasDeletion: boolean): boolean {
    if (messages.length === 0) return true;
    try {
      this.#socket.exchange(transaction(messages));
      this.#hasDeleted ||= hasDeletion;
      return true;
    } catch (thrown) {
      if (thrown instanceof RtnlError) return false;
      throw thrown;
    }
  }

  /**
   * Lets go of the kernel; after a deletion only with the process itself: closing waits until nobody can see any more
   * what was deleted, and there may be something better to do meanwhile.
   */
  close(): void {
    if (!this.#hasDeleted) this.#socket.close();
  }
}
