import type * as Ffi from 'bun:ffi';
import { type ErrnoName, errnoName, errnoText } from './errno.ts';

/** The few functions of the C library that no `node:` module has. A failure is an {@link LibcError}. */
export interface Libc {
  /** Moves the calling thread into the namespace that `fd` is open on. */
  setns(fd: number, kind: number): void;
  /** Opens a path close-on-exec. */
  open(path: string, flags: number): number;
  close(fd: number): void;
  /** An ioctl without an argument; gives what it returned. */
  ioctl(fd: number, request: number): number;
  /** Locks or unlocks a whole file; see {@link LOCK}. */
  flock(fd: number, operation: number): void;
}

/** `CLONE_NEWNET`: what `setns` and `NS_GET_NSTYPE` call a network namespace. */
export const CLONE_NEWNET = 0x40000000;

/** The ioctl that tells which kind of namespace a file descriptor is open on. */
export const NS_GET_NSTYPE = 0xb703;

/** Operations of {@link Libc.flock}. */
export const LOCK = { shared: 1, exclusive: 2, nonBlocking: 4, unlock: 8 } as const;

const O_CLOEXEC = 0o2000000;

/** A call into the C library that failed. */
export class LibcError extends Error {
  /** Name of the error, as `node:` calls have it; `undefined` for a number that is not known. */
  readonly code: ErrnoName | undefined;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code === undefined ? `errno ${errno}` : errnoText(code)}`);
    this.code = code;
  }
}

let opened: Libc | null | undefined;

/**
 * The C library, opened on first use; `undefined` where foreign functions cannot be called (under Node, or
 * with the JIT switched off). Callers must have another way for that case.
 */
export function libc(): Libc | undefined {
  if (opened === undefined) opened = openLibc() ?? null;
  return opened ?? undefined;
}

function openLibc(): Libc | undefined {
  if (typeof Bun === 'undefined') return undefined;
  try {
    return bind(require('bun:ffi') as typeof Ffi);
  } catch {
    return undefined;
  }
}

function bind(ffi: typeof Ffi): Libc {
  const { symbols } = ffi.dlopen('libc.so.6', {
    setns: { args: ['int', 'int'], returns: 'int' },
    // Only ever called with two arguments: no file is created here.
    open: { args: ['ptr', 'int'], returns: 'int' },
    close: { args: ['int'], returns: 'int' },
    ioctl: { args: ['int', 'u64', 'u64'], returns: 'int' },
    flock: { args: ['int', 'int'], returns: 'int' },
    __errno_location: { args: [], returns: 'ptr' },
  });
  const checked = (call: string, result: number): number => {
    if (result >= 0) return result;
    throw new LibcError(call, ffi.read.i32(symbols.__errno_location()));
  };
  return {
    setns: (fd, kind) => void checked('setns', symbols.setns(fd, kind)),
    open(path, flags) {
      const text = new TextEncoder().encode(`${path}\0`);
      return checked(`open ${path}`, symbols.open(ffi.ptr(text), flags | O_CLOEXEC));
    },
    close: (fd) => void checked('close', symbols.close(fd)),
    ioctl: (fd, request) => checked('ioctl', symbols.ioctl(fd, request, 0)),
    flock: (fd, operation) => void checked('flock', symbols.flock(fd, operation)),
  };
}
