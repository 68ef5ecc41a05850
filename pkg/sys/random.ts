import { libc } from './libc.ts';

/** A few random bytes. From the kernel itself: the runtime's own source takes a tenth of a millisecond to come to life. */
export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const c = libc();
  if (c === undefined) crypto.getRandomValues(bytes);
  else c.random(bytes);
  return bytes;
}
