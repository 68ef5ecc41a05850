import { CniError, ErrorCode } from '../types/error.ts';
import { quote, quoteList } from '../types/quote.ts';

/** Every plugin knows this key: whether keys that it does not know are an error. */
const IGNORE_UNKNOWN = 'IgnoreUnknown';

/**
 * Reads CNI_ARGS (`KEY=VALUE;KEY=VALUE`) into the keys that a plugin knows; letter case counts, the last one wins.
 *
 * @example
 * const { MAC } = parseCniArgs(call.args, ['MAC']);
 */
export function parseCniArgs<Key extends string>(text: string, known: readonly Key[]): Partial<Record<Key, string>> {
  const args: Partial<Record<Key, string>> = {};
  if (text === '') return args;
  const unknownPairs: string[] = [];
  let ignoreUnknown = false;
  for (const pair of text.split(';')) {
    const [key, value, surplus] = pair.split('=', 3);
    if (key === undefined || value === undefined || surplus !== undefined) throw invalidPair(pair);
    const knownKey = known.find((name) => name === key);
    if (knownKey !== undefined) args[knownKey] = value;
    else if (key === IGNORE_UNKNOWN) ignoreUnknown = parseFlag(pair, value);
    else unknownPairs.push(pair);
  }
  if (unknownPairs.length > 0 && !ignoreUnknown) throw unknownArgs(unknownPairs, known);
  return args;
}

function parseFlag(pair: string, value: string): boolean {
  const flag = value.toLowerCase();
  if (flag === '1' || flag === 'true') return true;
  if (flag === '0' || flag === 'false') return false;
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `ARGS: error parsing value of pair ${quote(pair)}: boolean unmarshal error: invalid input ${flag}`,
    `CNI_ARGS: ${IGNORE_UNKNOWN} is one of 1, true, 0, false`,
  );
}

function invalidPair(pair: string): CniError {
  return new CniError(
    ErrorCode.invalidEnvironment,
    `ARGS: invalid pair ${quote(pair)}`,
    'CNI_ARGS: expected KEY=VALUE pairs with ";" between them, none after the last one and no further "=" in a value',
  );
}

function unknownArgs(pairs: readonly string[], known: readonly string[]): CniError {
  return new CniError(
    ErrorCode.invalidEnvironment,
    `ARGS: unknown args ${quoteList(pairs)}`,
    `CNI_ARGS: this plugin knows ${[...known, IGNORE_UNKNOWN].join(', ')}; ${IGNORE_UNKNOWN}=1 lets others pass`,
  );
}
