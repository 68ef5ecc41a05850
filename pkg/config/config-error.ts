import { describeValue } from '../types/decode.ts';
import { CniError, ErrorCode } from '../types/error.ts';

/** An error about one key of the configuration: what is wrong, what the key holds and what it should hold. */
export function configError(message: string, key: string, found: unknown, expected: string): CniError {
  const details = `key "${key}": found ${describeValue(found)}, expected ${expected}`;
  return new CniError(ErrorCode.invalidConfig, message, details);
}
