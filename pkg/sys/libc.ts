import { type ErrnoName, errnoName, errnoText } from './errno.ts';
import { sendByChild } from './socket/child.ts';

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
  readonly size: bigint;
  /** How many names it has; a folder, on most file systems, two more than it has folders in it. */
  readonly links: number;
}

/**
 * The few functions of the C library that no `node:` module has, and the fewer that are needed on every call.
 * A failure is an {@link LibcError}.
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
  /** An ioctl, if need be with what it reads and fills; gives what it returned. */
  ioctl(fd: number, request: number, argument?: Uint8Array): number;
  /** Locks or unlocks a whole file; see {@link LOCK}. */
  flock(fd: number, operation: number): void;
  /** A route netlink socket with explained errors and, where the kernel has it, strict filters. */
  routeSocket(): number;
  /** A netlink socket for another of the kernel's parts, with explained errors; see {@link NETLINK}. */
  netlinkSocket(part: number): number;
  /** A route netlink socket that gets the news of a group; receiving from it ends after so many milliseconds. */
  newsSocket(group: number, timeoutMs: number): number;
  send(fd: number, bytes: Uint8Array): void;
  /** Lets a netlink socket take a request of so many bytes, and so many bytes of refusals; without the right to, less. */
  makeRoom(fd: number, toSend: number, toReceive: number): void;
  /** Has a second thread open a path for reading while this one goes on; gives what waits until that is over. */
  openInThread(path: string): () => number;
  /** Has a second thread send while this one goes on; gives what waits until that is over. */
  sendInThread(fd: number, bytes: Uint8Array): () => void;
  /** See {@link sendByChild}. */
  sendByChild(fd: number, bytes: Uint8Array): () => void;
  /** Receives one datagram; gives its length, which is more than the buffer's when its end did not fit. */
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
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
/** The value that switches a socket's option on. */
const ON = new Int32Array([1]);
/** Has a receiver told how long a datagram was, also when there was no room for all of it. */
const MSG_TRUNC = 0x20;
/**
 * Seconds and microseconds. The kernel has answered when sending is over, so who waits at all waits in vain: there was
 * no memory for the answer.
 */
const PATIENCE = new BigInt64Array([1n, 0n]);
/** A `sockaddr_nl`: the kernel's. Whoever is connected to it hears nobody else in his namespace. */
const KERNEL_ADDRESS = Uint8Array.of(AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
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

/** Tries again as long as signals come in between. */
export function persist<T>(work: () => T): T {
  for (;;) {
    try {
      return work();
    } catch (thrown) {
      if (!isInterruption(thrown)) throw thrown;
    }
  }
}

/** Whether a call failed only because a signal came. */
export function isInterruption(thrown: unknown): boolean {
  return thrown instanceof LibcError && thrown.code === 'EINTR';
}

let opened: Libc | undefined;

/**
 * The C library, bound on first use; `undefined` under Node, where the tests and the scripts run. Callers must have
 * another way for that case.
 */
export function libc(): Libc | undefined {
  if (opened === undefined && typeof Native !== 'undefined') opened = bind();
  return opened;
}

/** Functions of the C library, and what every call of one needs. */
export interface Binding<Name extends string> {
  readonly symbols: Readonly<Record<Name, NativeFunction>>;
  /** The result of a call, unless it says that the call failed. */
  checked(call: string, result: number): number;
  /** Where bytes are, for structures that refer to others; they have to be kept referred to for as long as it is used. */
  addressOf(bytes: NodeJS.TypedArray): bigint;
}

/** Binds functions of the C library. Throws under Node. */
export function bindFunctions<Name extends string>(...names: readonly Name[]): Binding<Name> {
  if (typeof Native === 'undefined') throw new Error('the C library can be called only in the executable');
  const symbols = {} as Record<Name, NativeFunction>;
  for (const name of names) symbols[name] = Native.libc(name);
  return { symbols, checked, addressOf: Native.addressOf };
}

function checked(call: string, result: number): number {
  if (result >= 0) return result;
  throw new LibcError(call, -result);
}

function bind(): Libc {
  const binding = bindFunctions(
    'setns',
    'open',
    'close',
    'read',
    'statx',
    'statfs',
    'ioctl',
    'flock',
    'socket',
    'setsockopt',
    'connect',
    'send',
    'recv',
    'getrandom',
    'poll',
    'wait4',
  );
  const { symbols } = binding;
  const statx = (fd: number, path: string, flags: number): FileStatus => {
    // statx, because its structure is the same on every architecture.
    const buffer = new Uint8Array(STATX_BYTES);
    checked(`statx ${path}`, symbols.statx(fd, path, flags, STATX_BASIC_STATS, buffer));
    return statusFrom(new DataView(buffer.buffer));
  };
  const netlinkSocket = (part: number): number => {
    const fd = checked('socket', symbols.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, part));
    // A kernel without it still refuses, only with fewer words.
    symbols.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, ON, 4);
    symbols.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, PATIENCE, 16);
    checked('connect', symbols.connect(fd, KERNEL_ADDRESS, KERNEL_ADDRESS.length));
    return fd;
  };
  return {
    setns: (fd, kind) => void checked('setns', symbols.setns(fd, kind)),
    open: (path, flags = 0, mode = 0) => checked(`open ${path}`, symbols.open(path, flags | O_CLOEXEC, mode)),
    close: (fd) => void checked('close', symbols.close(fd)),
    read: (fd, buffer) => checked('read', symbols.read(fd, buffer, buffer.length)),
    statusOf: (fd) => statx(fd, '', AT_EMPTY_PATH),
    status: (path, followLinks = true) => statx(AT_FDCWD, path, followLinks ? 0 : AT_SYMLINK_NOFOLLOW),
    fileSystem(path) {
      const buffer = new BigInt64Array(STATFS_BYTES / 8);
      checked(`statfs ${path}`, symbols.statfs(path, buffer));
      return Number(buffer[0]);
    },
    ioctl: (fd, request, argument) => checked('ioctl', symbols.ioctl(fd, request, argument ?? 0)),
    flock: (fd, operation) => void checked('flock', symbols.flock(fd, operation)),
    routeSocket() {
      const fd = netlinkSocket(NETLINK_ROUTE);
      // A kernel without it still answers, only with more than was asked for.
      symbols.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, ON, 4);
      return fd;
    },
    netlinkSocket,
    newsSocket(group, timeoutMs) {
      const fd = checked('socket', symbols.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_ROUTE));
      const patience = new BigInt64Array([0n, BigInt(timeoutMs) * 1000n]);
      checked('setsockopt', symbols.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, 16));
      const membership = new Int32Array([group]);
      checked('setsockopt', symbols.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, membership, 4));
      checked('send', symbols.send(fd, NO_OPERATION, NO_OPERATION.length, 0));
      return fd;
    },
    send: (fd, bytes) => void persist(() => checked('send', symbols.send(fd, bytes, bytes.length, 0))),
    makeRoom(fd, toSend, toReceive) {
      const room = new Int32Array([toSend]);
      // As much as an administrator allows everybody is left to who is none.
      if (symbols.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, room, 4) < 0)
        symbols.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, room, 4);
      symbols.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, new Int32Array([toReceive]), 4);
      // A refusal need not repeat what it is about.
      symbols.setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, ON, 4);
    },
    ...threadCalls(binding),
    sendByChild: (fd, bytes) => sendByChild(binding, fd, bytes),
    receive: (fd, buffer) => persist(() => checked('recv', symbols.recv(fd, buffer, buffer.length, MSG_TRUNC))),
    random: (buffer) => void checked('getrandom', symbols.getrandom(buffer, buffer.length, 0)),
  };
}

/** Without a second thread such a call takes its time, and that is all. */
function threadCalls({ symbols, checked }: Binding<'open' | 'send'>): Pick<Libc, 'openInThread' | 'sendInThread'> {
  const native = Native;
  if (native === undefined) throw new Error('only the executable has threads');
  const finisher = (thread: number, call: () => number): (() => number) => {
    if (thread >= 0) return () => native.join(thread);
    const result = call();
    return () => result;
  };
  return {
    openInThread(path) {
      const finish = finisher(native.openInThread(path), () => symbols.open(path, O_CLOEXEC, 0));
      return () => checked(`open ${path}`, finish());
    },
    sendInThread(fd, bytes) {
      const finish = finisher(native.sendInThread(fd, bytes), () => symbols.send(fd, bytes, bytes.length, 0));
      return () => void checked('send', finish());
    },
  };
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
    size: view.getBigUint64(40, true),
    links: view.getUint32(16, true),
  };
}

/** One number from the two parts of a device's, put together as `node:fs` has it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}
