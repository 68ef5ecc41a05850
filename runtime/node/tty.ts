import { host } from '../host.ts';

/** `tty.isatty`. */
export function isatty(fd: number): boolean {
  return host.libc('isatty')(fd) === 1;
}
