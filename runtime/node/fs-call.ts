import { LibcError } from '../../pkg/sys/libc.ts';
import { host } from '../host.ts';

/** Calls a function of the C library; a failure is an error with the kernel's name for it as `code`. */
export function call(name: string, what: string, ...args: readonly NativeArgument[]): number {
  const result = host.libc(name)(...args);
  if (result < 0) throw new LibcError(`${name} ${what}`, -result);
  return result;
}
