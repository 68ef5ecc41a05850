import { CniError, ErrorCode } from '../types/error.ts';

/** Waits for all of them, then fails with all that failed: nothing goes on unseen. */
export async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  const values: T[] = [];
  const errors: unknown[] = [];
  for (const one of settled) {
    if (one.status === 'fulfilled') values.push(one.value);
    else errors.push(one.reason);
  }
  if (errors.length === 0) return values;
  if (errors.length > 1 && errors.every((error) => error instanceof CniError)) {
    const messages = errors.map((error) => error.message).join('\n');
    const details = errors.map((error) => error.details).join('; ');
    throw new CniError(ErrorCode.internal, messages, details, { cause: errors[0] });
  }
  throw errors[0];
}
