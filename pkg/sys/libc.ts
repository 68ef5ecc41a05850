import { type ErrnoName, errnoName, errnoText } from './errno.ts';

/** A file's identity: two paths with the same pair lead to the same file or namespace. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** What is known of a file without reading it. */
export interface FileStatus extends FileIdentity {
  /** Kind and permissions, as the kernel has them in one number. */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  /** Nanoseconds since the epoch. */
  readonly ctimeNs: bigint;
}

/**
 * The few functions of the C library that no `node:` module has, and the fewer that are needed on every call:
 * loading `node:fs` for them would cost a fifth of an empty program. A failure is an {@link LibcError}.
 */
export interface Libc {
  /** Moves the calling thread into the namespace that `fd` is open on. */
  setns(fd: number, kind: number): void;
  /** Opens a path, close-on-exec; for reading when no flags are given. */
  open(path: string, flags?: number, mode?: number): number;
  close(fd: number): void;
  /** Reads into a buffer; gives how much, 0 at the end. */
  read(fd: number, buffer: Uint8Array): number;
  /** What a file descriptor is open on. */
  statusOf(fd: number): FileStatus;
  /** What a path leads to, symbolic links followed unless they are what is asked for. */
  status(path: string, followLinks?: boolean): FileStatus;
  /** The magic number of the file system that a path is on. */
  fileSystem(path: string): number;
  /** An ioctl without an argument; gives what it returned. */
  ioctl(fd: number, request: number): number;
  /** Locks or unlocks a whole file; see {@link LOCK}. */
  flock(fd: number, operation: number): void;
  /** A route netlink socket with explained errors and, where the kernel has it, strict filters. */
  routeSocket(): number;
  /** A netlink socket for another of the kernel's parts, with explained errors; see {@link NETLINK}. */
  netlinkSocket(part: number): number;
  /** A route netlink socket that gets the news of a group; receiving from it ends after so many milliseconds. */
  newsSocket(group: number, timeoutMs: number): number;
  send(fd: number, bytes: Uint8Array): void;
  /** Receives one datagram; gives its length. */
  receive(fd: number, buffer: Uint8Array): number;
  /** Fills a small buffer with random bytes. */
  random(buffer: Uint8Array): void;
}

/** `CLONE_NEWNET`: what `setns` and `NS_GET_NSTYPE` call a network namespace. */
export const CLONE_NEWNET = 0x40000000;

/** The ioctl that tells which kind of namespace a file descriptor is open on. */
export const NS_GET_NSTYPE = 0xb703;

/** Operations of {@link Libc.flock}. */
export const LOCK = { shared: 1, exclusive: 2, nonBlocking: 4, unlock: 8 } as const;

/** Parts of the kernel for {@link Libc.netlinkSocket}. */
export const NETLINK = { sockets: 4, netfilter: 12 } as const;

const O_CLOEXEC = 0o2000000;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** The value that switches a socket's option on. */
const ON = new Int32Array([1]);
/** A request that asks for nothing: sending it gives a socket its address, without which it gets no news. */
const NO_OPERATION = new Uint8Array([16, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
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
  try {
    return bind();
  } catch {
    return undefined;
  }
}

/** Functions of the C library, and what every call of one needs. */
export interface Binding<Name extends string> {
  readonly symbols: Readonly<Record<Name, Ffi.NativeFunction>>;
  /** The address of a buffer, which has to be kept referred to for as long as it is used. */
  ptr(buffer: NodeJS.TypedArray): Ffi.Pointer;
  /** The result of a call, unless it says that the call failed. */
  checked(call: string, result: number): number;
}

/** Binds functions of the C library: about 20 µs, and 3 µs for each. Throws where foreign functions cannot be called. */
export function bindFunctions<Name extends string>(functions: Readonly<Record<Name, Ffi.Signature>>): Binding<Name> {
  if (typeof Bun === 'undefined') throw new Error('there are no foreign functions here');
  const { dlopen, ptr, read } = Bun.FFI;
  const location = { __errno_location: { args: [], returns: 'ptr' } } as const;
  const library = dlopen<Name | '__errno_location'>('libc.so.6', { ...functions, ...location });
  if (library instanceof Error) throw library;
  const { symbols } = library;
  return {
    symbols,
    ptr,
    checked(call, result) {
      if (result >= 0) return result;
      throw new LibcError(call, read.i32(symbols.__errno_location()));
    },
  };
}

function bind(): Libc {
  const { symbols, ptr, checked } = bindFunctions({
    setns: { args: ['int', 'int'], returns: 'int' },
    // Variadic in C; on x86-64 and arm64 under Linux such an argument is passed like any other.
    open: { args: ['ptr', 'int', 'u32'], returns: 'int' },
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
    getrandom: { args: ['ptr', 'u64', 'u32'], returns: 'i64' },
  });
  const statx = (fd: number, path: string, flags: number): FileStatus => {
    // statx, because its structure is the same on every architecture.
    const buffer = new Uint8Array(STATX_BYTES);
    const text = cText(path);
    checked(`statx ${path}`, symbols.statx(fd, ptr(text), flags, STATX_BASIC_STATS, ptr(buffer)));
    return statusFrom(new DataView(buffer.buffer));
  };
  const netlinkSocket = (part: number): number => {
    const fd = checked('socket', symbols.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, part));
    // A kernel without it still refuses, only with fewer words.
    symbols.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, ptr(ON), 4);
    return fd;
  };
  return {
    setns: (fd, kind) => void checked('setns', symbols.setns(fd, kind)),
    open(path, flags = 0, mode = 0) {
      const text = cText(path);
      return checked(`open ${path}`, symbols.open(ptr(text), flags | O_CLOEXEC, mode));
    },
    close: (fd) => void checked('close', symbols.close(fd)),
    read: (fd, buffer) => checked('read', Number(symbols.read(fd, ptr(buffer), buffer.length))),
    statusOf: (fd) => statx(fd, '', AT_EMPTY_PATH),
    status: (path, followLinks = true) => statx(AT_FDCWD, path, followLinks ? 0 : AT_SYMLINK_NOFOLLOW),
    fileSystem(path) {
      const buffer = new BigInt64Array(STATFS_BYTES / 8);
      const text = cText(path);
      checked(`statfs ${path}`, symbols.statfs(ptr(text), ptr(buffer)));
      return Number(buffer[0]);
    },
    ioctl: (fd, request) => checked('ioctl', symbols.ioctl(fd, request, 0)),
    flock: (fd, operation) => void checked('flock', symbols.flock(fd, operation)),
    routeSocket() {
      const fd = netlinkSocket(NETLINK_ROUTE);
      // A kernel without it still answers, only with more than was asked for.
      symbols.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, ptr(ON), 4);
      return fd;
    },
    netlinkSocket,
    newsSocket(group, timeoutMs) {
      const fd = checked('socket', symbols.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_ROUTE));
      const patience = new BigInt64Array([0n, BigInt(timeoutMs) * 1000n]);
      checked('setsockopt', symbols.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, ptr(patience), 16));
      const membership = new Int32Array([group]);
      checked('setsockopt', symbols.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, ptr(membership), 4));
      checked('send', Number(symbols.send(fd, ptr(NO_OPERATION), NO_OPERATION.length, 0)));
      return fd;
    },
    send: (fd, bytes) => void checked('send', Number(symbols.send(fd, ptr(bytes), bytes.length, 0))),
    receive: (fd, buffer) => checked('recv', Number(symbols.recv(fd, ptr(buffer), buffer.length, 0))),
    random: (buffer) => void checked('getrandom', Number(symbols.getrandom(ptr(buffer), buffer.length, 0))),
  };
}

/** A text as the C library takes it; one with a NUL inside would be cut there, and name something else. */
export function cText(text: string): Uint8Array {
  if (text.includes('\0')) throw new LibcError('a path with a NUL', 22);
  return new TextEncoder().encode(`${text}\0`);
}

/** What is in the structure that statx fills. */
function statusFrom(view: DataView): FileStatus {
  const time = (at: number) => view.getBigInt64(at, true) * 1_000_000_000n + BigInt(view.getUint32(at + 8, true));
  return {
    dev: deviceNumber(view.getUint32(136, true), view.getUint32(140, true)),
    ino: view.getBigUint64(32, true),
    mode: view.getUint16(28, true),
    mtimeNs: time(112),
    ctimeNs: time(96),
  };
}

/** One number from the two parts of a device's, put together as `node:fs` has it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}
