import { CniError, ErrorCode } from '../types/error.ts';

/** Longer than any name, address or path that `ip` takes. */
const MAX_TOKEN_BYTES = 4096;

/** What nearly every token is. ASCII only, so that the length is also the number of bytes. */
const ORDINARY = /^[\w.:/@%+=,][\w.:/@%+=,-]*$/;

/**
 * Refuses a value that must not become an argument of `ip`: what its batch reader or a shell would take apart,
 * and what `ip` would read as an option.
 *
 * @throws {CniError} code 7, naming the value and the reason
 */
export function checkToken(token: string): void {
  const reason = refusal(token);
  if (reason !== undefined) throw refused(token, reason);
}

/** The error for a value that is not what its place in a command asks for. */
export function refused(value: string, reason: string): CniError {
  return new CniError(ErrorCode.invalidConfig, `refused argument ${shortened(value)}: ${reason}`);
}

function refusal(token: string): string | undefined {
  if (token === '') return 'it is empty';
  if (token.length <= MAX_TOKEN_BYTES && ORDINARY.test(token)) return undefined;
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return `it is longer than ${MAX_TOKEN_BYTES} bytes`;
  if (token.startsWith('-')) return 'it begins with "-" and would be read as an option';
  // \s also has the byte order mark, \p{Z} every separator of Unicode.
  if (/[\s\p{Z}]/u.test(token)) return 'it contains white space';
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(token)) return 'it contains a control character';
  const special = /["'`\\#;&|<>$(){}*?!]/.exec(token);
  return special === null ? undefined : `it contains the special character ${special[0]}`;
}

function shortened(value: string): string {
  const text = JSON.stringify(value.length <= 60 ? value : `${value.slice(0, 57)}…`);
  // What a terminal would not show, or would obey.
  return text.replace(/[^\P{Z} ]|\p{C}/gu, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}
