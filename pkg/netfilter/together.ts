import { ProgramError } from '../sys/process/error.ts';
import { CniError, ErrorCode } from '../types/error.ts';

/** Waits for all of them, then fails with all that failed: nothing goes on unseen. */
export async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const values: T[] = [];
  const errors: unknown[] = [];
  const settled: Promise<() => void>[] = [];
  for (const promise of promises) {
    const fulfilled = (value: T) => () => void values.push(value);
    const rejected = (reason: unknown) => () => void errors.push(reason);
    settled.push(promise.then(fulfilled, rejected));
  }
  // In the order in which they were given, whichever ends first.
  for (const one of settled) (await one)();
  if (errors.length === 0) return values;
  // One program that is not installed fails as often as it is needed, and is missing once.
  if (errors.every((error) => error instanceof ProgramError)) throw errors[0];
  if (errors.length > 1 && errors.every((error) => error instanceof CniError)) {
    const messages = errors.map((error) => error.message).join('\n');
    const details = errors.map((error) => error.details).join('; ');
    const isAlike = errors.every((error) => error.code === errors[0]?.code);
    const code = isAlike ? (errors[0]?.code ?? ErrorCode.internal) : ErrorCode.internal;
    throw new CniError(code, messages, details, { cause: errors[0] });
  }
  throw errors[0];
}

/** Over when everybody else has nothing to do but wait. */
export async function yieldTwice(): Promise<void> {
  // Others may be waiting for the first turn as well, and have their work to do behind it.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
