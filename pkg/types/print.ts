import { toDocument } from './document.ts';
import type { CniError } from './error.ts';
import type { Result } from './result.ts';
import { LATEST_VERSION, type SpecVersion } from './version.ts';

/**
 * A JSON document as CNI plugins print it: four spaces, no line break at the end.
 *
 * What HTML and JavaScript would read as markup or as a line end is escaped.
 */
export function printJson(document: object): string {
  const text = JSON.stringify(document, null, 4);
  // Looking is cheaper than an expression that is used once.
  for (const character of SPECIAL) if (text.includes(character)) return escaped(text);
  return text;
}

const SPECIAL = ['<', '>', '&', '\u2028', '\u2029'];

function escaped(text: string): string {
  return text.replace(/[<>&\u2028\u2029]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * The text of a result in a specification version, to the letter what the reference plugins print.
 *
 * A plugin that passes its prevResult on gives the version that it was read in as `readFrom`:
 * the oldest versions demand an address of every other result.
 *
 * @example
 * printResult({ ips: [{ address: '10.1.2.3/24' }] }, '1.1.0');
 */
export function printResult(result: Result, version: SpecVersion, readFrom?: string): string {
  return printJson(toDocument(result, version, readFrom));
}

/** The text of a failure; `cniVersion` is the configuration's as far as it could be read. */
export function printError(error: CniError, cniVersion: string): string {
  return printJson({ cniVersion, code: error.code, msg: error.message, details: error.details || undefined });
}

/** The answer to VERSION: one compact line, always of the newest version. */
export function printVersions(supportedVersions: readonly SpecVersion[]): string {
  return `${JSON.stringify({ cniVersion: LATEST_VERSION, supportedVersions })}\n`;
}
