import type * as Ffi from 'bun:ffi';
import { type ErrnoName, errnoName, errnoText } from './errno.ts';

/** A file's identity: two paths with the same pair lead to the same file or namespace. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * The few functions of the C library that no `node:` module has, and the fewer that are needed on every call:
 * loading `node:fs` for them would cost a fifth of an empty program. A failure is an {@link LibcError}.
 */
export interface Libc {
  /** Moves the calling thread into the namespace that `fd` is open on. */
  setns(fd: number, kind: number): void;
  /** Opens a path for reading, close-on-exec. */
  open(path: string): number;
  close(fd: number): void;
  /** Reads into a buffer; gives how much, 0 at the end. */
  read(fd: number, buffer: Uint8Array): number;
  /** The identity of what a file descriptor is open on. */
  identify(fd: number): FileIdentity;
  /** The identity of what a path leads to. */
  identifyPath(path: string): FileIdentity;
  /** The magic number of the file system that a path is on. */
  fileSystem(path: string): number;
  /** An ioctl without an argument; gives what it returned. */
  ioctl(fd: number, request: number): number;
  /** Locks or unlocks a whole file; see {@link LOCK}. */
  flock(fd: number, operation: number): void;
  /** A route netlink socket with explained errors and, where the kernel has it, strict filters. */
  routeSocket(): number;
  /** A route netlink socket that gets the news of a group; receiving from it ends after so many milliseconds. */
  newsSocket(group: number, timeoutMs: number): number;
  send(fd: number, bytes: Uint8Array): void;
  /** Receives one datagram; gives its length. */
  receive(fd: number, buffer: Uint8Array): number;
}

/** `CLONE_NEWNET`: what `setns` and `NS_GET_NSTYPE` call a network namespace. */
export const CLONE_NEWNET = 0x40000000;

/** The ioctl that tells which kind of namespace a file descriptor is open on. */
export const NS_GET_NSTYPE = 0xb703;

/** Operations of {@link Libc.flock}. */
export const LOCK = { shared: 1, exclusive: 2, nonBlocking: 4, unlock: 8 } as const;

const O_CLOEXEC = 0o2000000;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** A request that asks for nothing: sending it gives a socket its address, without which it gets no news. */
const NO_OPERATION = new Uint8Array([16, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_INO = 0x100;
const STATX_BYTES = 256;
const STATFS_BYTES = 256;

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
    read: { args: ['int', 'ptr', 'u64'], returns: 'i64' },
    statx: { args: ['int', 'ptr', 'int', 'u32', 'ptr'], returns: 'int' },
    statfs: { args: ['ptr', 'ptr'], returns: 'int' },
    ioctl: { args: ['int', 'u64', 'u64'], returns: 'int' },
    flock: { args: ['int', 'int'], returns: 'int' },
    socket: { args: ['int', 'int', 'int'], returns: 'int' },
    setsockopt: { args: ['int', 'int', 'int', 'ptr', 'u32'], returns: 'int' },
    send: { args: ['int', 'ptr', 'u64', 'int'], returns: 'i64' },
    recv: { args: ['int', 'ptr', 'u64', 'int'], returns: 'i64' },
    __errno_location: { args: [], returns: 'ptr' },
  });
  const checked = (call: string, result: number): number => {
    if (result >= 0) return result;
    throw new LibcError(call, ffi.read.i32(symbols.__errno_location()));
  };
  const identify = (fd: number, path: string, flags: number): FileIdentity => {
    // statx, because its structure is the same on every architecture.
    const buffer = new DataView(new ArrayBuffer(STATX_BYTES));
    const result = symbols.statx(fd, ffi.ptr(cText(path)), flags, STATX_INO, ffi.ptr(bytesOf(buffer)));
    checked(`statx ${path}`, result);
    return {
      dev: deviceNumber(buffer.getUint32(136, true), buffer.getUint32(140, true)),
      ino: buffer.getBigUint64(32, true),
    };
  };
  return {
    setns: (fd, kind) => void checked('setns', symbols.setns(fd, kind)),
    open: (path) => checked(`open ${path}`, symbols.open(ffi.ptr(cText(path)), O_CLOEXEC)),
    close: (fd) => void checked('close', symbols.close(fd)),
    read: (fd, buffer) => checked('read', Number(symbols.read(fd, ffi.ptr(buffer), buffer.length))),
    identify: (fd) => identify(fd, '', AT_EMPTY_PATH),
    identifyPath: (path) => identify(AT_FDCWD, path, 0),
    fileSystem(path) {
      const buffer = new DataView(new ArrayBuffer(STATFS_BYTES));
      checked(`statfs ${path}`, symbols.statfs(ffi.ptr(cText(path)), ffi.ptr(bytesOf(buffer))));
      return Number(buffer.getBigInt64(0, true));
    },
    ioctl: (fd, request) => checked('ioctl', symbols.ioctl(fd, request, 0)),
    flock: (fd, operation) => void checked('flock', symbols.flock(fd, operation)),
    routeSocket() {
      const fd = checked('socket', symbols.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, 0));
      const on = new Int32Array([1]);
      // A kernel without one of them still answers, only with less to go by.
      for (const option of [NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
        symbols.setsockopt(fd, SOL_NETLINK, option, ffi.ptr(on), 4);
      }
      return fd;
    },
    newsSocket(group, timeoutMs) {
      const fd = checked('socket', symbols.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, 0));
      const patience = new BigInt64Array([0n, BigInt(timeoutMs) * 1000n]);
      checked('setsockopt', symbols.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, ffi.ptr(patience), 16));
      const membership = new Int32Array([group]);
      checked('setsockopt', symbols.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, ffi.ptr(membership), 4));
      checked('send', Number(symbols.send(fd, ffi.ptr(NO_OPERATION), NO_OPERATION.length, 0)));
      return fd;
    },
    send: (fd, bytes) => void checked('send', Number(symbols.send(fd, ffi.ptr(bytes), bytes.length, 0))),
    receive: (fd, buffer) => checked('recv', Number(symbols.recv(fd, ffi.ptr(buffer), buffer.length, 0))),
  };
}

/** A text as the C library takes it; one with a NUL inside would be cut there, and name something else. */
function cText(text: string): Uint8Array {
  if (text.includes('\0')) throw new LibcError('a path with a NUL', 22);
  return new TextEncoder().encode(`${text}\0`);
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}

/** One number from the two parts of a device's, put together as `node:fs` has it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}
