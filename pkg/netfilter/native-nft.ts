import type { Netns } from '../netns/netns.ts';
import type { Message } from '../rtnl/message.ts';
import { commentOf, type NativeChain, readRule, ruleAddition, ruleDeletion } from './native-message.ts';
import { encodeNftRule } from './native-nft-rule.ts';
import { isSameRule } from './native-same.ts';
import { NativeSession } from './native-session.ts';

/** A rule to be added to a chain of nft's. */
export interface NftAddition extends NativeChain {
  /** Its words as nft reads them, without the comment. */
  readonly rule: string;
  readonly comment: string;
}

/**
 * Chains of nft as the kernel has them, without the program. What it does not know is left to the program, and so is
 * everything that the kernel refuses: then nothing was done, and the program will say why.
 */
export class NativeNft {
  readonly #session: NativeSession;

  private constructor(session: NativeSession) {
    this.#session = session;
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeNft | undefined {
    const session = NativeSession.in(place);
    return session && new NativeNft(session);
  }

  /** Whether a chain consists of exactly these rules. */
  consistsOf(chain: NativeChain, rules: readonly string[]): boolean {
    const listed = this.#session.list(chain);
    if (listed?.length !== rules.length) return false;
    for (let index = 0; index < rules.length; index++) {
      const rule = encodeNftRule(rules[index] ?? '', '', chain.family === 'inet');
      const message = listed[index];
      if (rule === undefined || message === undefined || !isSameRule(message, rule)) return false;
    }
    return true;
  }

  /** Whether a chain has all of these rules, each with a comment that begins so. */
  has(chain: NativeChain, rules: readonly string[], beginning: string): boolean {
    const own: Message[] = [];
    for (const message of this.#session.list(chain, beginning) ?? []) {
      if (commentOf(message).startsWith(beginning)) own.push(message);
    }
    for (const text of rules) {
      const rule = encodeNftRule(text, '', chain.family === 'inet');
      if (rule === undefined || !own.some((message) => isSameRule(message, rule))) return false;
    }
    return true;
  }

  /** Adds rules to chains that are there, all or none; `false` when it did not. */
  add(additions: readonly NftAddition[]): boolean {
    const messages: Uint8Array[] = [];
    for (const addition of additions) {
      const rule = encodeNftRule(addition.rule, addition.comment, addition.family === 'inet');
      if (rule === undefined) return false;
      messages.push(ruleAddition(addition, rule));
    }
    return this.#session.commit(messages, 'adds');
  }

  /** Removes the rules of a chain whose comment begins so; `false` when it could not. */
  removeCommented(chain: NativeChain, beginning: string): boolean {
    const listed = this.#session.list(chain, beginning);
    if (listed === undefined) return false;
    const messages: Uint8Array[] = [];
    for (const message of listed) {
      if (!commentOf(message).startsWith(beginning)) continue;
      const rule = readRule(message, chain.family);
      if (rule !== undefined) messages.push(ruleDeletion(rule));
    }
    return this.#session.commit(messages, 'removes');
  }

  /** Lets go of the kernel. */
  close(): void {
    this.#session.close();
  }
}
