import type { IpCommand } from '../../ip/command.ts';
import { addressText } from '../address/show.ts';
import type { NativeCommand } from '../commands.ts';
import { type Attribute, attributesOf, bodiesOf, FLAG, numberOf, request, textOf, u32 } from '../message.ts';
import { AF_INET, AF_INET6, readNumber, readPrefix } from '../words.ts';
import { allRoutesShow } from './show.ts';

/** Length of the header that messages about rules have, `struct fib_rule_hdr`. */
const RULE_BYTES = 12;

const RULE = { add: 32, del: 33, get: 34 } as const;

const FRA = { dst: 1, src: 2, iif: 3, priority: 6, mark: 10, table: 15, oif: 17 } as const;

/** A rule that leads to a table. */
const TO_TABLE = 1;

/** What `ip -j -N rule show` says of a rule, as far as plugins look at it. */
export interface ShownRule {
  readonly priority: number;
  /** `all`, or an address. */
  readonly src: string;
  /** Where the source is not a single address. */
  readonly srclen?: number;
  readonly table?: string;
  readonly dst?: string;
  readonly fwmark?: string;
  readonly iif?: string;
  readonly oif?: string;
}

/** The native forms of rules, and of looking at all tables at once: for the few plugins that have to do with them. */
export function ruleForm({ options, words }: IpCommand): NativeCommand | undefined {
  const [object, verb] = words;
  const [family, numeric] = options;
  if (verb === 'show' && options.length === 2 && numeric === '-N') {
    if (object === 'route') return allRoutesShow(words, family);
    return object === 'rule' && words.length === 2 ? ruleShow(family) : undefined;
  }
  if (object !== 'rule' || (verb !== 'add' && verb !== 'del') || options.length > 1) return undefined;
  // Without the option `ip` takes a rule for one of IPv4.
  const wanted = family === undefined ? AF_INET : family === '-6' ? AF_INET6 : 0;
  return ruleChange(words, verb, wanted);
}

/** `[-6] rule add|del from ADDRESS/LENGTH table N [priority N]`. */
function ruleChange(words: readonly string[], verb: 'add' | 'del', family: number): NativeCommand | undefined {
  const [, , from, source, tableWord, tableText, priorityWord, priorityText] = words;
  const prefix = readPrefix(source);
  const table = readNumber(tableText, 0xffff_ffff);
  if (from !== 'from' || tableWord !== 'table' || prefix?.family !== family || !table) return undefined;
  const attributes: Attribute[] = [[FRA.src, prefix.bytes]];
  if (table > 255) attributes.push([FRA.table, u32(table)]);
  if (words.length === 8) {
    const priority = readNumber(priorityText, 0xffff_ffff);
    if (priorityWord !== 'priority' || priority === undefined) return undefined;
    attributes.push([FRA.priority, u32(priority)]);
  } else if (words.length !== 6) return undefined;
  const header = new Uint8Array(RULE_BYTES);
  header.set([prefix.family, 0, prefix.length, 0, table > 255 ? 0 : table]);
  if (verb === 'add') header[7] = TO_TABLE;
  const flags = verb === 'add' ? FLAG.create | FLAG.excl | FLAG.ack : FLAG.ack;
  return (socket) => void socket.exchange(request(RULE[verb], flags, header, attributes));
}

function ruleShow(option: string | undefined): NativeCommand | undefined {
  const family = option === '-4' ? AF_INET : option === '-6' ? AF_INET6 : undefined;
  if (family === undefined) return undefined;
  return (socket) => {
    const header = new Uint8Array(RULE_BYTES);
    header[0] = family;
    const found: ShownRule[] = [];
    const answer = socket.exchange(request(RULE.get, FLAG.dump, header, []));
    for (const body of bodiesOf(answer, RULE_BYTES)) found.push(shownRule(body));
    return found;
  };
}

function shownRule(body: DataView): ShownRule {
  const attributes = attributesOf(body, RULE_BYTES);
  const [source, target] = [attributes.get(FRA.src), attributes.get(FRA.dst)];
  const mark = numberOf(attributes.get(FRA.mark), 4) ?? 0;
  const table = numberOf(attributes.get(FRA.table), 4) ?? body.getUint8(4);
  const [iif, oif] = [textOf(attributes.get(FRA.iif)), textOf(attributes.get(FRA.oif))];
  const length = body.getUint8(2);
  const isPart = source !== undefined && length !== source.byteLength * 8;
  return {
    priority: numberOf(attributes.get(FRA.priority), 4) ?? 0,
    src: source === undefined ? 'all' : addressText(source),
    ...(isPart ? { srclen: length } : {}),
    ...(target === undefined ? {} : { dst: addressText(target) }),
    ...(mark === 0 ? {} : { fwmark: `0x${mark.toString(16)}` }),
    ...(iif === '' ? {} : { iif }),
    ...(oif === '' ? {} : { oif }),
    ...(table === 0 ? {} : { table: `${table}` }),
  };
}
