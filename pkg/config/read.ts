import { safeParse } from 'zod/mini';
import type { $ZodIssue } from 'zod/v4/core';
import { describeValue } from '../types/decode.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { foldKeys, keyPath } from './fold-keys.ts';
import type { ConfigSchema } from './schema.ts';

/** So many problems of one configuration are told at once; a wrong list of thousands must not flood a log. */
const MAX_PROBLEMS = 10;

/** A validated configuration and the lines that people should see about it. */
export interface ReadConfig<Conf> {
  readonly conf: Conf;
  readonly warnings: readonly string[];
}

/**
 * Reads a decoded configuration by a schema: keys in any letter case, `null` as absent, strict types.
 * What does not fit throws a {@link CniError} that says which key, what was found and what was expected.
 */
export function readConfig<Conf>(
  schema: ConfigSchema<Conf>,
  raw: unknown,
  failure: string,
  ownTop = true,
): ReadConfig<Conf> {
  const { value, warnings } = foldKeys(schema, raw, ownTop);
  const parsed = parse(schema, value);
  if (parsed.issues === undefined) return { conf: parsed.conf, warnings };
  const { issues } = parsed;
  const [first = 'the configuration does not fit', ...more] = issues.slice(0, MAX_PROBLEMS).flatMap(told).map(sentence);
  const rest = issues.length > MAX_PROBLEMS ? [`and ${issues.length - MAX_PROBLEMS} more`] : [];
  const details = more.length === 0 ? '' : `also: ${[...more, ...rest].join('; ')}`;
  throw new CniError(ErrorCode.invalidConfig, `${failure}: ${first}`, details);
}

/** One thing that does not fit. */
export interface Misfit {
  readonly path: readonly PropertyKey[];
  /** The value as people are shown it. */
  readonly found: string;
  readonly expected: string;
}

/** Everything in a decoded configuration that does not fit a schema, its keys spelled as the schema's. */
export function misfitsOf<Conf>(schema: ConfigSchema<Conf>, folded: unknown): readonly Misfit[] {
  return (parse(schema, folded).issues ?? []).flatMap(told).map((issue) => {
    return { path: issue.path, found: describeValue(issue.input), expected: wanted(issue) };
  });
}

type Parsed<Conf> = { readonly conf: Conf; readonly issues?: undefined } | { readonly issues: readonly $ZodIssue[] };

function parse<Conf>(schema: ConfigSchema<Conf>, folded: unknown): Parsed<Conf> {
  const parsed = safeParse(schema, folded, { reportInput: true });
  return parsed.success ? { conf: parsed.data } : { issues: parsed.error.issues };
}

/** Of a key that takes several types, what is wrong inside the one that was meant. */
function told(issue: $ZodIssue): readonly $ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0));
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => told({ ...inner, path: [...issue.path, ...inner.path] }));
}

function sentence(issue: $ZodIssue): string {
  const key = issue.path.length === 0 ? 'the configuration' : `key "${keyPath(issue.path)}"`;
  return `${key}: found ${describeValue(issue.input)}, expected ${wanted(issue)}`;
}

/** A check that was given words of its own says what it wants better than its kind could. */
function wanted(issue: $ZodIssue): string {
  return issue.message === 'Invalid input' || issue.message === '' ? expected(issue) : issue.message;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  // No key of any plugin takes a fraction.
  number: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function expected(issue: $ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? `at least ${issue.minimum} in it`
        : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'invalid_union':
      return issue.errors.flatMap((branch) => branch.map(expected)).join(' or ');
    default:
      return 'another value';
  }
}
