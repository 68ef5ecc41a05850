import { libc } from './libc.ts';

/** A few random bytes, from the kernel itself. */
export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const c = libc();
  if (c === undefined) crypto.getRandomValues(bytes);
  else c.random(bytes);
  return bytes;
}
