import { describeValue } from './decode.ts';
import { CniError, ErrorCode } from './error.ts';
import { declaredVersion, knownFamily, parseResult, parseResultBody } from './parse-result.ts';
import type { Result, VersionedResult } from './result.ts';
import type { SpecVersion } from './version.ts';

/**
 * Decodes a configuration's `prevResult`; `undefined` when there is none.
 *
 * A prevResult need not name its version: it has the configuration's. One that does must belong to the same family.
 */
export function parsePrevResult(rawPrevResult: unknown, configVersion: SpecVersion): Result | undefined {
  if (rawPrevResult === undefined || rawPrevResult === null) return undefined;
  return prefixingErrors('could not parse prevResult', () => parseResult(rawPrevResult, configVersion, configVersion));
}

/**
 * Decodes what a delegate printed on ADD, together with the version that it was read as.
 *
 * The version is the document's own, else the one of the configuration that the delegate was called with.
 */
export function parseDelegateOutput(stdout: string, configVersion: string): VersionedResult {
  const failure = 'failed to unmarshal raw result';
  const document = parseJson(stdout, failure);
  const version = prefixingErrors(failure, () => declaredVersion(document)) || configVersion;
  const result = parseResultBody(document, knownFamily(version));
  return { version: version as SpecVersion, result };
}

function parseJson(stdout: string, failure: string): unknown {
  if (stdout.trim() === '') {
    throw new CniError(
      ErrorCode.decoding,
      `${failure}: unexpected end of JSON input`,
      'the delegated plugin exited with success and printed nothing; expected its result as JSON on stdout',
    );
  }
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(
      ErrorCode.decoding,
      `${failure}: not a JSON document`,
      `found ${describeValue(stdout)}, expected the delegated plugin's result as JSON and nothing else; ${reason}`,
      { cause },
    );
  }
}

function prefixingErrors<T>(prefix: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CniError(error.code, `${prefix}: ${error.message}`, error.details, { cause: error });
  }
}
