import type { CniError } from '../types/error.ts';

/** What an error of `configError` is about. */
export interface KeyInError {
  readonly key: string;
  readonly found: string;
  readonly expected: string;
}

const DETAILS = /^key "(?<key>[^"]*)": found (?<found>.*), expected (?<expected>.*)$/s;

/** Which key an error of `configError` is about; `undefined` for any other. */
export function keyInError({ details }: CniError): KeyInError | undefined {
  const { key, found, expected } = DETAILS.exec(details)?.groups ?? {};
  if (key === undefined || found === undefined || expected === undefined) return undefined;
  return { key, found, expected };
}
