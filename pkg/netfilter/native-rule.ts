import type { Family } from '../addr/address.ts';
import { addressMatch } from './native-address.ts';
import {
  compared,
  counter,
  type Expression,
  jump,
  META_KEY,
  meta,
  VERDICT_CODE,
  verdict,
} from './native-expression.ts';
import { EXTENSIONS, type Extension, readMatch, readTarget } from './native-extension.ts';

/** A rule of iptables as nf_tables keeps it. */
export interface EncodedRule {
  readonly expressions: readonly Expression[];
  /** The protocol that it is for, which extensions want to know; 0 for any. */
  readonly protocol: number;
  /** A text that stands in the rule as it is, whoever wrote it: its comment, or the chain that it leads to. */
  readonly mentioned: string | undefined;
}

/** How older versions of iptables write a rule, and newer ones: with fewer extensions and fewer bytes. Newer ones read both. */
export type Spelling = 'old' | 'new';

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const LONGEST_LINK_NAME = 15;

/**
 * The words of a rule, behind the chain's name, as nf_tables keeps it; `undefined` for one with words that are not
 * known here, which then is for iptables itself.
 */
export function encodeRule(family: Family, words: readonly string[], spelling: Spelling): EncodedRule | undefined {
  const rule = new RuleReader(family, words, spelling);
  return rule.read();
}

class RuleReader {
  readonly #family: Family;
  readonly #words: readonly string[];
  readonly #spelling: Spelling;
  #at = 0;
  #protocol = 0;
  #links: Expression[] = [];
  #source: readonly Expression[] | undefined;
  #destination: readonly Expression[] | undefined;
  readonly #extensions: Extension[] = [];
  #end: Expression | undefined;
  #mentioned: string | undefined;

  constructor(family: Family, words: readonly string[], spelling: Spelling) {
    this.#family = family;
    this.#words = words;
    this.#spelling = spelling;
  }

  read(): EncodedRule | undefined {
    while (this.#at < this.#words.length) if (!this.#option()) return undefined;
    if (this.#end === undefined) return undefined;
    const expressions: Expression[] = [...this.#links];
    if (this.#protocol !== 0) expressions.push(meta(META_KEY.protocol), compared(Uint8Array.of(this.#protocol), false));
    expressions.push(...(this.#source ?? []), ...(this.#destination ?? []));
    for (const { needs, expressions: own } of this.#extensions) {
      if (needs !== undefined && !needs.includes(this.#protocol)) return undefined;
      expressions.push(...own);
    }
    expressions.push(counter(), this.#end);
    return { expressions, protocol: this.#protocol, mentioned: this.#mentioned };
  }

  #next(): string | undefined {
    return this.#words[this.#at++];
  }

  #option(): boolean {
    let option = this.#next();
    const isInverted = option === '!';
    if (isInverted) option = this.#next();
    const value = this.#next();
    if (option === undefined || value === undefined) return false;
    switch (option) {
      case '-s':
        if (this.#source !== undefined) return false;
        this.#source = this.#address(value, 'source', isInverted);
        return this.#source !== undefined;
      case '-d':
        if (this.#destination !== undefined) return false;
        this.#destination = this.#address(value, 'destination', isInverted);
        return this.#destination !== undefined;
      case '-i':
        return this.#links.length === 0 && this.#link(META_KEY.inputName, value, isInverted);
      case '-o':
        return this.#link(META_KEY.outputName, value, isInverted);
      case '-p':
        if (isInverted || this.#protocol !== 0) return false;
        this.#protocol = PROTOCOLS[value] ?? 0;
        return this.#protocol !== 0;
      case '-j':
        return !isInverted && this.#target(value);
      case '-m':
        return !isInverted && EXTENSIONS.includes(value);
      default:
        return !isInverted && this.#match(option, value);
    }
  }

  #address(text: string, which: 'source' | 'destination', isInverted: boolean): readonly Expression[] | undefined {
    return addressMatch({ family: this.#family, which, text, isInverted, isShort: this.#spelling === 'new' });
  }

  #link(key: number, name: string, isInverted: boolean): boolean {
    // A plus at the end stands for any text, and then only the beginning is compared.
    if (name.length > LONGEST_LINK_NAME || name.endsWith('+')) return false;
    this.#links.push(meta(key), compared(new TextEncoder().encode(`${name}\0`), isInverted));
    return true;
  }

  #match(option: string, value: string): boolean {
    const match = readMatch(option, value, this.#protocol, this.#spelling === 'new');
    if (match === undefined) return false;
    this.#extensions.push(match);
    if (option === '--comment') this.#mentioned = value;
    return true;
  }

  #target(name: string): boolean {
    if (this.#end !== undefined) return false;
    if (Object.hasOwn(VERDICT_CODE, name)) {
      this.#end = verdict(VERDICT_CODE[name as keyof typeof VERDICT_CODE]);
      return true;
    }
    const target = readTarget(name, this.#family, this.#words, this.#at);
    if (target === undefined) return false;
    this.#at += target.words;
    if (target.expression === undefined) this.#mentioned ??= name;
    this.#end = target.expression ?? jump(name);
    return true;
  }
}
