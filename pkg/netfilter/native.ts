import type { Family } from '../addr/address.ts';
import type { Netns } from '../netns/netns.ts';
import type { Message } from '../rtnl/message.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { libc, NETLINK } from '../sys/libc.ts';
import {
  chainDeletion,
  chainFlush,
  commentOf,
  listRequest,
  mentions,
  type NativeChain,
  readRule,
  ruleDeletion,
  transaction,
} from './native-message.ts';

/** Lists the rules of a chain, or of a table without one; none when it is not there, `undefined` when nobody may look. */
export type ListRules = (chain: NativeChain) => readonly Message[] | undefined;

/** Looks into the kernel's tables without a program; `undefined` where the kernel cannot be spoken to. */
export function lookNatively<T>(place: Netns, look: (list: ListRules) => T): T | undefined {
  const socket = openIn(place);
  if (socket === undefined) return undefined;
  try {
    return look((chain) => listOn(socket, chain));
  } finally {
    socket.close();
  }
}

/** A socket to the kernel's tables; `undefined` where the kernel cannot be spoken to. */
export function openIn(place: Netns): RtnlSocket | undefined {
  const c = libc();
  if (c === undefined || !place.canEnter) return undefined;
  return place.run(() => new RtnlSocket(c, c.netlinkSocket(NETLINK.netfilter)));
}

/** The rules of a chain, or of a table without one; none when it is not there, `undefined` when nobody may look. */
export function listOn(socket: RtnlSocket, chain: NativeChain): readonly Message[] | undefined {
  try {
    return socket.exchange(listRequest(chain));
  } catch (thrown) {
    if (!(thrown instanceof RtnlError)) throw thrown;
    return thrown.code === 'ENOENT' ? [] : undefined;
  }
}

/**
 * Removals in the kernel itself: what a program would do in six to twelve milliseconds of starting and reading.
 * Only what is found exactly as it is looked for is removed; everything else is left to the programs.
 */
export class NativeRemoval {
  readonly #socket: RtnlSocket;
  readonly #messages: Uint8Array[] = [];

  private constructor(socket: RtnlSocket) {
    this.#socket = socket;
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeRemoval | undefined {
    const socket = openIn(place);
    return socket && new NativeRemoval(socket);
  }

  /** Whether the chain was found and goes, with the rules of another one that lead to it. */
  chainWithJumps(target: NativeChain, from: string): boolean {
    const before = this.#messages.length;
    for (const message of listOn(this.#socket, { ...target, chain: from }) ?? []) {
      if (!mentions(message, target.chain)) continue;
      const rule = readRule(message, target.family);
      if (rule !== undefined) this.#messages.push(ruleDeletion(rule));
    }
    if (this.#messages.length === before) return false;
    this.#messages.push(chainFlush(target), chainDeletion(target));
    return true;
  }

  /** Rules of a table with this comment go; `false` when the table cannot be read. One that is not there has none. */
  rulesWithComment(family: Family, table: string, chains: readonly string[], comment: string): boolean {
    const listed = listOn(this.#socket, { family, table, chain: '' });
    if (listed === undefined) return false;
    for (const message of listed) {
      if (!mentions(message, comment) || commentOf(message) !== comment) continue;
      const rule = readRule(message, family);
      if (rule !== undefined && chains.includes(rule.chain)) this.#messages.push(ruleDeletion(rule));
    }
    return true;
  }

  /** Carries out everything together; `false` when the kernel refuses, and then nothing is done. */
  commit(): boolean {
    if (this.#messages.length === 0) return true;
    try {
      this.#socket.exchange(transaction(this.#messages));
      return true;
    } catch (thrown) {
      if (thrown instanceof RtnlError) return false;
      throw thrown;
    }
  }

  /** Lets go of the kernel. */
  close(): void {
    this.#socket.close();
  }
}
