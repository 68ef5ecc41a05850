import type { Family } from '../addr/address.ts';
import type { Netns } from '../netns/netns.ts';
import type { Message } from '../rtnl/message.ts';
import { chainCreation, chainDeletion, chainFlush, readRule, ruleAddition, ruleDeletion } from './native-message.ts';
import { isForOtherPorts } from './native-ports.ts';
import { type EncodedRule, encodeRule, type Spelling } from './native-rule.ts';
import { isSameRule } from './native-same.ts';
import { type BatchKind, NativeSession } from './native-session.ts';
import type { Command } from './restore.ts';
import { yieldTwice } from './together.ts';

/**
 * The tables of iptables as the kernel has them, without the program: a start of it takes several milliseconds, most of
 * them for reading tables that nothing is wanted of. What it does not know is left to the program, and so is everything
 * that the kernel refuses: then nothing was done, and the program will say why.
 */
export class NativeTables {
  readonly #session: NativeSession;
  readonly #family: Family;
  /** How this host's iptables writes rules, as far as has been seen; the old way is read by all. */
  #spelling: Spelling = 'old';
  /** What has been listed since the last change, by table and chain. */
  readonly #listed = new Map<string, readonly Message[]>();
  /** Behind what was found last in a list. */
  readonly #next = new WeakMap<readonly Message[], number>();

  private constructor(session: NativeSession, family: Family) {
    this.#session = session;
    this.#family = family;
  }

  /** `undefined` where the kernel cannot be spoken to. */
  static in(place: Netns, family: Family): NativeTables | undefined {
    const session = NativeSession.in(place);
    return session && new NativeTables(session, family);
  }

  /** Whether all these rules, each behind its chain's name, are in a table. */
  haveAll(table: string, rules: readonly Command[]): boolean {
    for (const [chain = '', ...words] of rules) {
      if (this.#find(table, chain, words) === undefined) return false;
    }
    return true;
  }

  /** {@link haveAll} for rules in front of those of many containers. */
  haveInFront(table: string, rules: readonly Command[]): boolean {
    for (const [chain = '', ...words] of rules) {
      const sought = this.#sought(words);
      const target = { family: this.#family, table, chain };
      if (sought === undefined) return false;
      if (this.#session.find(target, sought.mentioned, sought.isIt) === undefined) return false;
    }
    return true;
  }

  /** Whether a rule, behind its chain's name, is there and no rule in front of it can get packets to these ports. */
  isFirstFor(ports: readonly number[], table: string, [chain = '', ...words]: Command): boolean {
    const sought = this.#sought(words);
    if (sought === undefined) return false;
    const wanted = new Set(ports);
    for (const message of this.#list(table, chain)) {
      if (sought.isIt(message)) return true;
      if (!isForOtherPorts(message, wanted)) return false;
    }
    return false;
  }

  /** A rule of a chain that is this one, however it was written. */
  #find(table: string, chain: string, words: readonly string[]): Message | undefined {
    const sought = this.#sought(words);
    if (sought === undefined) return undefined;
    const listed = this.#list(table, chain, sought.mentioned);
    const next = this.#next.get(listed) ?? 0;
    // Who asks for thousands asks in the order in which they were made.
    for (let count = 0; count < listed.length; count++) {
      const at = (next + count) % listed.length;
      const message = listed[at];
      if (message === undefined || !sought.isIt(message)) continue;
      this.#next.set(listed, at + 1);
      return message;
    }
    return undefined;
  }

  /** How to know a rule, however it was written; `undefined` when its words are not known here. */
  #sought(words: readonly string[]): { mentioned: string | undefined; isIt(message: Message): boolean } | undefined {
    const old = encodeRule(this.#family, words, 'old');
    let young: EncodedRule | undefined;
    const isIt = (message: Message): boolean => {
      // Most are written in the same way by all.
      if (old === undefined || isSameRule(message, old)) return old !== undefined;
      young ??= encodeRule(this.#family, words, 'new');
      if (young === undefined || !isSameRule(message, young)) return false;
      this.#spelling = 'new';
      return true;
    };
    return old && { mentioned: old.mentioned, isIt };
  }

  /** Does to a table what iptables-restore would do with these commands, all or nothing; `false` when it did not. */
  restore(table: string, commands: readonly Command[]): boolean {
    const messages = this.#messagesOf(table, commands);
    return messages !== undefined && this.#commit(messages, kindOf(commands));
  }

  /** {@link restore} while this thread has other work. */
  async restoreInThread(table: string, commands: readonly Command[]): Promise<boolean> {
    const messages = this.#messagesOf(table, commands);
    if (messages === undefined) return false;
    this.#listed.clear();
    const isDone = this.#session.commitInThread(messages, kindOf(commands));
    await yieldTwice();
    return isDone();
  }

  #messagesOf(table: string, commands: readonly Command[]): readonly Uint8Array[] | undefined {
    const messages: Uint8Array[] = [];
    for (const command of commands) if (!this.#read(table, command, messages)) return undefined;
    return messages;
  }

  /**
   * Removes each of these rules wherever its chain has it; `false` when one was not found: it may be there in a form
   * that only the program knows.
   */
  removeAll(table: string, removals: readonly Command[]): boolean {
    const messages: Uint8Array[] = [];
    for (const [, chain = '', ...words] of removals) {
      const rule = encodeRule(this.#family, words, 'old');
      const before = messages.length;
      for (const message of this.#list(table, chain, rule?.mentioned)) {
        const found = rule !== undefined && isSameRule(message, rule) ? readRule(message, this.#family) : undefined;
        if (found !== undefined) messages.push(ruleDeletion(found));
      }
      if (messages.length === before) return false;
    }
    return this.#commit(messages, 'removes');
  }

  /** Adds what a command does to the messages; `false` when it is not known here, or has nothing to do it to. */
  #read(table: string, [verb, chain = '', ...words]: Command, messages: Uint8Array[]): boolean {
    const target = { family: this.#family, table, chain };
    switch (verb) {
      case '-N':
        messages.push(chainCreation(target));
        return true;
      case '-F':
        messages.push(chainFlush(target));
        return true;
      case '-X':
        messages.push(chainDeletion(target));
        return true;
      case '-A': {
        const rule = encodeRule(this.#family, words, this.#spelling);
        if (rule !== undefined) messages.push(ruleAddition(target, rule));
        return rule !== undefined;
      }
      case '-D': {
        const found = this.#find(table, chain, words);
        const rule = found && readRule(found, this.#family);
        if (rule !== undefined) messages.push(ruleDeletion(rule));
        return rule !== undefined;
      }
      default:
        return false;
    }
  }

  /** The rules of a chain, or only those in which a text stands. */
  #list(table: string, chain: string, mentioned?: string): readonly Message[] {
    const key = `${table} ${chain} ${mentioned ?? ''}`;
    const listed = this.#listed.get(key) ?? this.#session.list({ family: this.#family, table, chain }, mentioned) ?? [];
    this.#listed.set(key, listed);
    return listed;
  }

  #commit(messages: readonly Uint8Array[], kind: BatchKind): boolean {
    this.#listed.clear();
    return this.#session.commit(messages, kind);
  }

  /** Lets go of the kernel. */
  close(): void {
    this.#session.close();
  }
}

function kindOf(commands: readonly Command[]): BatchKind {
  let additions = 0;
  for (const [verb] of commands) if (verb === '-N' || verb === '-A') additions += 1;
  if (additions === 0) return 'removes';
  return additions === commands.length ? 'adds' : 'both';
}
