import type { Netns } from '../netns/netns.ts';
import type { Message } from '../rtnl/message.ts';
import {
  commentOf,
  elementAddition,
  elementDeletion,
  elementRequest,
  type NativeChain,
  type NativeElement,
  readRule,
  ruleAddition,
  ruleDeletion,
} from './native-message.ts';
import { encodeNftElement } from './native-nft-element.ts';
import { type EncodedNftRule, encodeNftRule } from './native-nft-rule.ts';
import { isSameRule } from './native-same.ts';
import { NativeSession } from './native-session.ts';

/** A rule to be added to a chain of nft's. */
export interface NftAddition extends NativeChain {
  /** Its words as nft reads them, without the comment. */
  readonly rule: string;
  readonly comment: string;
}

/** A chain that all containers share, and the rules that it consists of. */
export interface SharedChain {
  readonly chain: NativeChain;
  readonly rules: readonly (EncodedNftRule | undefined)[];
}

/** A chain of nft's and its rules as the kernel has them; made once, when the executable is built. */
export function sharedChain(chain: NativeChain, rules: readonly string[]): SharedChain {
  return { chain, rules: rules.map((rule) => encodeNftRule(rule, '', chain.family === 'inet')) };
}

/** An element of a set of nft's. */
export interface NftElement extends Omit<NativeElement, 'key'> {
  /** As nft reads it. */
  readonly element: string;
}

/**
 * Chains and sets of nft as the kernel has them, without the program. What it does not know is left to the program, and
 * so is everything that the kernel refuses: then nothing was done, and the program will say why.
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

  /** Whether a chain consists of exactly its rules. */
  isWhole({ chain, rules }: SharedChain): boolean {
    const listed = this.#session.list(chain);
    if (listed?.length !== rules.length) return false;
    return listed.every((message, index) => {
      const rule = rules[index];
      return rule !== undefined && isSameRule(message, rule);
    });
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

  /** Puts elements into sets that are there, all or none, however many of them are in them; `false` when it did not. */
  put(elements: readonly NftElement[]): boolean {
    const encoded = encodedElements(elements);
    return encoded !== undefined && this.#session.commit(encoded.map(elementAddition), 'puts');
  }

  /** Takes elements out of sets that are there, all or none, however few of them are in them; `false` when it did not. */
  takeOut(elements: readonly NftElement[]): boolean {
    const encoded = encodedElements(elements);
    if (encoded === undefined) return false;
    // What has just been added can be deleted for certain.
    const messages = encoded.flatMap((one) => [elementAddition(one), elementDeletion(one)]);
    return this.#session.commit(messages, 'removes');
  }

  /** Whether all of these are in their sets. */
  areIn(elements: readonly NftElement[]): boolean {
    return encodedElements(elements)?.every((one) => this.#session.has(elementRequest(one))) === true;
  }

  /** Lets go of the kernel. */
  close(): void {
    this.#session.close();
  }
}

function encodedElements(elements: readonly NftElement[]): readonly NativeElement[] | undefined {
  const encoded: NativeElement[] = [];
  for (const { family, table, set, element } of elements) {
    const key = encodeNftElement(element);
    if (key === undefined) return undefined;
    encoded.push({ family, table, set, key });
  }
  return encoded;
}
