import type { Netns } from '../netns/netns.ts';
import { RtnlError, type RtnlSocket } from '../rtnl/socket.ts';
import { listOn, openIn } from './native.ts';
import {
  commentOf,
  mentionsPart,
  type NativeChain,
  readRule,
  ruleAddition,
  ruleDeletion,
  transaction,
} from './native-message.ts';
import { encodeNftRule } from './native-nft-rule.ts';
import { isSameRule } from './native-same.ts';

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
  readonly #socket: RtnlSocket;
  #hasDeleted = false;

  private constructor(socket: RtnlSocket) {
    this.#socket = socket;
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns): NativeNft | undefined {
    const socket = openIn(place);
    return socket && new NativeNft(socket);
  }

  /** Whether a chain consists of exactly these rules; those that change addresses are never recognised. */
  consistsOf(chain: NativeChain, rules: readonly string[]): boolean {
    const listed = listOn(this.#socket, chain);
    if (listed?.length !== rules.length) return false;
    for (let index = 0; index < rules.length; index++) {
      const rule = encodeNftRule(rules[index] ?? '', '', chain.family === 'inet');
      const message = listed[index];
      if (rule === undefined || message === undefined || !isSameRule(message, rule)) return false;
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
    return this.#commit(messages);
  }

  /** Removes the rules of a chain whose comment begins so; `false` when it could not. */
  removeCommented(chain: NativeChain, beginning: string): boolean {
    const listed = listOn(this.#socket, chain);
    if (listed === undefined) return false;
    const messages: Uint8Array[] = [];
    for (const message of listed) {
      if (!mentionsPart(message, beginning) || !commentOf(message).startsWith(beginning)) continue;
      const rule = readRule(message, chain.family);
      if (rule !== undefined) messages.push(ruleDeletion(rule));
    }
    this.#hasDeleted = messages.length > 0;
    return this.#commit(messages);
  }

  #commit(messages: readonly Uint8Array[]): boolean {
    if (messages.length === 0) return true;
    try {
      this.#socket.exchange(transaction(messages));
      return true;
    } catch (thrown) {
      if (thrown instanceof RtnlError) return false;
      throw thrown;
    }
  }

  /** Lets go of the kernel; after a deletion only with the process itself, as {@link NativeTables} does. */
  close(): void {
    if (!this.#hasDeleted) this.#socket.close();
  }
}
