import { decodeJson, isObject, JsonError } from '../../pkg/json/decode.ts';
import { locateSyntaxError } from '../../pkg/json/syntax-error.ts';
import { jsonTree } from '../../pkg/json/tree.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import type { Finding, Path } from './finding.ts';
import { type PlacedText, positionOf } from './place.ts';

/** One plugin of a list, or the only one of a file without a list. */
export interface Entry {
  readonly path: Path;
  readonly raw: JsonObject;
  /** '' when it has none that could be read. */
  readonly type: string;
  readonly ipam: JsonObject | undefined;
  /** The IPAM plugin; '' when there is none. */
  readonly ipamType: string;
}

/** A file that is JSON and an object. */
export interface LintDocument extends PlacedText {
  readonly raw: JsonObject;
  readonly isList: boolean;
  /** '' when it has none that could be read. */
  readonly name: string;
  readonly cniVersion: string;
  readonly entries: readonly Entry[];
}

/** Reads a file's text: a document, or the one thing that keeps it from being one. */
export async function readDocument(file: string, text: string): Promise<LintDocument | Finding> {
  // Editors of other systems write one, and nothing that reads configurations takes it.
  if (text.startsWith('\ufeff')) {
    return refusal(file, text, 0, 'a byte order mark is no JSON', 'save the file as UTF-8 without one');
  }
  let raw: unknown;
  try {
    raw = await decodeJson(text);
  } catch (thrown) {
    if (!(thrown instanceof JsonError)) throw thrown;
    const problem = locateSyntaxError(text);
    if (problem === undefined) return refusal(file, text, 0, thrown.message, '');
    return refusal(file, text, problem.offset, `not JSON: found ${problem.found}`, `expected ${problem.expected}`);
  }
  if (!isObject(raw)) return refusal(file, text, 0, 'not a configuration', 'expected an object in braces');
  const isList = Array.isArray(raw['plugins']) || (raw['plugins'] !== undefined && raw['type'] === undefined);
  const { name, cniVersion } = isList ? raw : readFields(raw, '', ['name', 'cniVersion']);
  return {
    file,
    text,
    tree: jsonTree(text),
    raw,
    isList,
    name: textOf(name),
    cniVersion: textOf(cniVersion),
    entries: isList ? entriesIn(raw['plugins']) : [entryOf(raw, [])],
  };
}

function entriesIn(plugins: unknown): readonly Entry[] {
  if (!Array.isArray(plugins)) return [];
  return plugins.flatMap((raw, index) => (isObject(raw) ? [entryOf(raw, ['plugins', index])] : []));
}

function entryOf(raw: JsonObject, path: Path): Entry {
  const { type, ipam } = readFields(raw, '', ['type', 'ipam']);
  const section = isObject(ipam) ? ipam : undefined;
  return {
    path,
    raw,
    type: textOf(type),
    ipam: section,
    ipamType: section === undefined ? '' : textOf(readFields(section, '', ['type']).type),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function refusal(file: string, text: string, offset: number, message: string, help: string): Finding {
  // What is missing at the very end is missing behind the last thing that is there.
  const at = offset >= text.length ? Math.max(0, text.trimEnd().length - 1) : offset;
  return { file, ...positionOf(text, at, at + 1), severity: 'error', key: '', message, help };
}
