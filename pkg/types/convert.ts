import { type ResultDocument, toDocument } from './document.ts';
import { CniError, ErrorCode } from './error.ts';
import { parseResult } from './parse-result.ts';
import { quote } from './quote.ts';
import { isSpecVersion } from './version.ts';

/**
 * Converts a result document from one specification version to another.
 *
 * @example
 * convertDocument(cached, '1.1.0', '0.4.0');
 */
export function convertDocument(document: unknown, from: string, to: string): ResultDocument {
  const result = parseResult(document, from);
  // A missing version is how the oldest documents say 0.1.0.
  const target = to === '' ? '0.1.0' : to;
  if (!isSpecVersion(target)) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `no converter for CNI result version ${from} to ${to}`,
      `${quote(to)} is no known version of the CNI specification`,
    );
  }
  return toDocument(result, target, from);
}
