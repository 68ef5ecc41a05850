import { checkToken, refused } from './token.ts';

/** What a template takes: one token each, or a part made by {@link ip.part}. */
export type IpValue = string | number | IpPart;

/** Some words of a command, to be put into a template: what depends on a condition. */
export class IpPart {
  readonly words: readonly string[];

  constructor(words: readonly string[]) {
    this.words = words;
  }
}

/** The programs of iproute2 whose commands there are. */
export type IpProgram = 'ip' | 'tc' | 'bridge';

/** A checked command of `ip`, `tc` or `bridge`. It cannot be changed, and it was never one string that a shell could take apart. */
export interface IpCommand {
  readonly program: IpProgram;
  /** Options in front of the object: `-6`, `-d`. */
  readonly options: readonly string[];
  /** Object, verb and arguments. */
  readonly words: readonly string[];
  /** The line that a person can paste. */
  toString(): string;
}

interface IpTemplate {
  (literals: TemplateStringsArray, ...values: IpValue[]): IpCommand;
  /** Words for inside a command: `${mtu > 0 ? ip.part`mtu ${mtu}` : ip.none}`. */
  part(literals: TemplateStringsArray, ...values: IpValue[]): IpPart;
  /** No words at all. */
  readonly none: IpPart;
}

/**
 * An `ip` command. Every `${…}` becomes exactly one argument (or a piece of one, as in `${address}/32`), and is
 * refused when it could be anything else: white space, quotes, `#`, a leading `-`.
 *
 * `ip` takes words for keywords where it can, and accepts their abbreviations. Put names where it cannot:
 * `dev ${name}`, `name ${name}`, never right after the verb.
 *
 * @example
 * ip`link add name ${veth} ${mtu > 0 ? ip.part`mtu ${mtu}` : ip.none} type veth peer name ${ifName} netns ${netns}`
 */
export const ip: IpTemplate = templateFor('ip');

/**
 * A `tc` command, by the same rules.
 *
 * @example
 * tc`qdisc add dev ${veth} root handle 1: tbf rate ${rate}bps burst ${burst} limit ${limit}`
 */
export const tc: IpTemplate = templateFor('tc');

/**
 * A `bridge` command, by the same rules.
 *
 * @example
 * bridge`vlan add dev ${port} vid ${vlan} pvid untagged`
 */
export const bridge: IpTemplate = templateFor('bridge');

function templateFor(program: IpProgram): IpTemplate {
  return Object.assign(
    (literals: TemplateStringsArray, ...values: IpValue[]) => new Command(program, toWords(literals, values)),
    {
      part: (literals: TemplateStringsArray, ...values: IpValue[]) => new IpPart(toWords(literals, values)),
      none: new IpPart([]),
    },
  );
}

class Command implements IpCommand {
  readonly program: IpProgram;
  readonly options: readonly string[];
  readonly words: readonly string[];

  constructor(program: IpProgram, words: readonly string[]) {
    let first = 0;
    while (words[first]?.startsWith('-')) first += 1;
    if (first === words.length) throw new Error(`a command of ${program} needs an object and a verb`);
    this.program = program;
    this.options = Object.freeze(words.slice(0, first));
    this.words = Object.freeze(words.slice(first));
    Object.freeze(this);
  }

  toString(): string {
    return [this.program, ...this.options, ...this.words].join(' ');
  }
}

function toWords(literals: readonly string[], values: readonly IpValue[]): readonly string[] {
  const words: string[] = [];
  // The word that is not known to be finished: what follows may be glued to it.
  let open = '';
  for (let index = 0; index < literals.length; index += 1) {
    const pieces = (literals[index] ?? '').split(' ');
    for (let at = 0; at < pieces.length; at++) {
      if (at > 0 && open !== '') {
        words.push(open);
        open = '';
      }
      open += pieces[at];
    }
    if (index >= values.length) break;
    const value = values[index];
    if (value instanceof IpPart) {
      const next = literals[index + 1] ?? '';
      if (open !== '' || (next !== '' && !next.startsWith(' '))) {
        throw new Error('a part of a command must stand alone');
      }
      words.push(...value.words);
    } else open += toToken(value);
  }
  if (open !== '') words.push(open);
  return words;
}

function toToken(value: string | number | undefined): string {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw refused(String(value), 'it is not a whole number');
    // A negative number looks like an option.
    checkToken(String(value));
    return String(value);
  }
  if (typeof value !== 'string') throw refused(String(value), 'it is neither a text nor a number');
  checkToken(value);
  return value;
}
