import { fs } from '../sys/files.ts';
import { type FileIdentity, libc } from '../sys/libc.ts';

/** Opens a path for reading. Here and below: through libc, which every call has loaded anyway, else through `node:fs`. */
export function openFile(path: string): number {
  return libc()?.open(path) ?? fs().openSync(path, 'r');
}

/** Closes a file descriptor. */
export function closeFile(fd: number): void {
  const c = libc();
  if (c === undefined) fs().closeSync(fd);
  else c.close(fd);
}

/** The identity of what a file descriptor is open on. */
export function identify(fd: number): FileIdentity {
  const c = libc();
  if (c !== undefined) return c.identify(fd);
  const { dev, ino } = fs().fstatSync(fd, { bigint: true });
  return { dev, ino };
}
