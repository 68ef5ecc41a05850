import type { Family } from '../addr/address.ts';
import type { Netns } from '../netns/netns.ts';
import type { Mentioned, Message } from '../rtnl/message.ts';
import { chainDeletion, chainFlush, commentOf, type NativeChain, readRule, ruleDeletion } from './native-message.ts';
import { NativeSession } from './native-session.ts';

/**
 * Lists the rules of a chain, or of a table without one, or only those in which something stands; none when it is not
 * there, `undefined` when nobody may look.
 */
export type ListRules = (chain: NativeChain, mentioned?: Mentioned) => readonly Message[] | undefined;

/** Looks into the kernel's tables without a program; `undefined` where the kernel cannot be spoken to. */
export function lookNatively<T>(place: Netns, look: (list: ListRules) => T): T | undefined {
  const session = NativeSession.in(place);
  if (session === undefined) return undefined;
  try {
    return look((chain, mentioned) => session.list(chain, mentioned));
  } finally {
    session.close();
  }
}

/**
 * Removals in the kernel itself: what a program would do in six to twelve milliseconds of starting and reading.
 * Only what is found exactly as it is looked for is removed; everything else is left to the programs.
 */
export class NativeRemoval {
  readonly #session: NativeSession;
  readonly #messages: Uint8Array[] = [];

  private constructor(session: NativeSession) {
    this.#session = session;
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeRemoval | undefined {
    const session = NativeSession.in(place);
    return session && new NativeRemoval(session);
  }

  /** Whether the chain was found and goes, with the rules of another one that lead to it. */
  chainWithJumps(target: NativeChain, from: string): boolean {
    const before = this.#messages.length;
    for (const message of this.#session.list({ ...target, chain: from }, `${target.chain}\0`) ?? []) {
      const rule = readRule(message, target.family);
      if (rule !== undefined) this.#messages.push(ruleDeletion(rule));
    }
    if (this.#messages.length === before) return false;
    this.#messages.push(chainFlush(target), chainDeletion(target));
    return true;
  }

  /** Rules of a table with this comment go; `false` when the table cannot be read. One that is not there has none. */
  rulesWithComment(family: Family, table: string, chains: readonly string[], comment: string): boolean {
    const listed = this.#session.list({ family, table, chain: '' }, `${comment}\0`);
    if (listed === undefined) return false;
    for (const message of listed) {
      if (commentOf(message) !== comment) continue;
      const rule = readRule(message, family);
      if (rule !== undefined && chains.includes(rule.chain)) this.#messages.push(ruleDeletion(rule));
    }
    return true;
  }

  /** Carries out everything together; `false` when the kernel refuses, and then nothing is done. */
  commit(): boolean {
    return this.#session.commit(this.#messages, 'removes');
  }

  /** Lets go of the kernel. */
  close(): void {
    this.#session.close();
  }
}
