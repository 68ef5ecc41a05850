/** Linux error numbers and the lower-case texts that people know from Go programs. */
const ERRNO = {
  EPERM: [1, 'operation not permitted'],
  ENOENT: [2, 'no such file or directory'],
  ESRCH: [3, 'no such process'],
  EINTR: [4, 'interrupted system call'],
  EIO: [5, 'input/output error'],
  ENXIO: [6, 'no such device or address'],
  E2BIG: [7, 'argument list too long'],
  ENOEXEC: [8, 'exec format error'],
  EBADF: [9, 'bad file descriptor'],
  ECHILD: [10, 'no child processes'],
  EAGAIN: [11, 'resource temporarily unavailable'],
  ENOMEM: [12, 'cannot allocate memory'],
  EACCES: [13, 'permission denied'],
  EFAULT: [14, 'bad address'],
  ENOTBLK: [15, 'block device required'],
  EBUSY: [16, 'device or resource busy'],
  EEXIST: [17, 'file exists'],
  EXDEV: [18, 'invalid cross-device link'],
  ENODEV: [19, 'no such device'],
  ENOTDIR: [20, 'not a directory'],
  EISDIR: [21, 'is a directory'],
  EINVAL: [22, 'invalid argument'],
  ENFILE: [23, 'too many open files in system'],
  EMFILE: [24, 'too many open files'],
  ENOTTY: [25, 'inappropriate ioctl for device'],
  ETXTBSY: [26, 'text file busy'],
  EFBIG: [27, 'file too large'],
  ENOSPC: [28, 'no space left on device'],
  ESPIPE: [29, 'illegal seek'],
  EROFS: [30, 'read-only file system'],
  EMLINK: [31, 'too many links'],
  EPIPE: [32, 'broken pipe'],
  EDOM: [33, 'numerical argument out of domain'],
  ERANGE: [34, 'numerical result out of range'],
  EDEADLK: [35, 'resource deadlock avoided'],
  ENAMETOOLONG: [36, 'file name too long'],
  ENOLCK: [37, 'no locks available'],
  ENOSYS: [38, 'function not implemented'],
  ENOTEMPTY: [39, 'directory not empty'],
  ELOOP: [40, 'too many levels of symbolic links'],
  ENOMSG: [42, 'no message of desired type'],
  EIDRM: [43, 'identifier removed'],
  EUNATCH: [49, 'protocol driver not attached'],
  ENODATA: [61, 'no data available'],
  ENONET: [64, 'machine is not on the network'],
  ENOPKG: [65, 'package not installed'],
  EPROTO: [71, 'protocol error'],
  EBADMSG: [74, 'bad message'],
  EOVERFLOW: [75, 'value too large for defined data type'],
  EILSEQ: [84, 'invalid or incomplete multibyte or wide character'],
  EUSERS: [87, 'too many users'],
  ENOTSOCK: [88, 'socket operation on non-socket'],
  EDESTADDRREQ: [89, 'destination address required'],
  EMSGSIZE: [90, 'message too long'],
  EPROTOTYPE: [91, 'protocol wrong type for socket'],
  ENOPROTOOPT: [92, 'protocol not available'],
  EPROTONOSUPPORT: [93, 'protocol not supported'],
  ESOCKTNOSUPPORT: [94, 'socket type not supported'],
  EOPNOTSUPP: [95, 'operation not supported'],
  EPFNOSUPPORT: [96, 'protocol family not supported'],
  EAFNOSUPPORT: [97, 'address family not supported by protocol'],
  EADDRINUSE: [98, 'address already in use'],
  EADDRNOTAVAIL: [99, 'cannot assign requested address'],
  ENETDOWN: [100, 'network is down'],
  ENETUNREACH: [101, 'network is unreachable'],
  ENETRESET: [102, 'network dropped connection on reset'],
  ECONNABORTED: [103, 'software caused connection abort'],
  ECONNRESET: [104, 'connection reset by peer'],
  ENOBUFS: [105, 'no buffer space available'],
  EISCONN: [106, 'transport endpoint is already connected'],
  ENOTCONN: [107, 'transport endpoint is not connected'],
  ESHUTDOWN: [108, 'cannot send after transport endpoint shutdown'],
  ETOOMANYREFS: [109, 'too many references: cannot splice'],
  ETIMEDOUT: [110, 'connection timed out'],
  ECONNREFUSED: [111, 'connection refused'],
  EHOSTDOWN: [112, 'host is down'],
  EHOSTUNREACH: [113, 'no route to host'],
  EALREADY: [114, 'operation already in progress'],
  EINPROGRESS: [115, 'operation now in progress'],
  ESTALE: [116, 'stale NFS file handle'],
  EUCLEAN: [117, 'structure needs cleaning'],
  EREMOTEIO: [121, 'remote I/O error'],
  ECANCELED: [125, 'operation canceled'],
  ERFKILL: [132, 'operation not possible due to RF-kill'],
} as const;

/** An error name of the kernel, for example `EEXIST`. */
export type ErrnoName = keyof typeof ERRNO;

const names = Object.keys(ERRNO) as ErrnoName[];

/** Whether a text is the name of an error that this project knows. */
export function isErrnoName(name: string): name is ErrnoName {
  return Object.hasOwn(ERRNO, name);
}

/** Name of an error number (a negative one is taken as its absolute value). */
export function errnoName(number: number): ErrnoName | undefined {
  const wanted = Math.abs(number);
  for (const name of names) if (ERRNO[name][0] === wanted) return name;
  return undefined;
}

/**
 * What the error means, in the words of Go's table.
 *
 * @example
 * errnoText('ENOENT'); // 'no such file or directory'
 */
export function errnoText(name: ErrnoName): string {
  return ERRNO[name][1];
}

/** The error that a C program's text (`File exists`) or a Go program's (`file exists`) speaks of. */
export function errnoFromText(text: string): ErrnoName | undefined {
  const wanted = text.trim().toLowerCase();
  // The one wording in which the C library differs from Go.
  if (wanted === 'stale file handle') return 'ESTALE';
  return names.find((name) => ERRNO[name][1].toLowerCase() === wanted);
}

/** Name of the error that a `node:` call threw; `undefined` when it threw something else. */
export function thrownErrno(thrown: unknown): ErrnoName | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined;
  if (thrown.code === 'ENOTSUP') return 'EOPNOTSUPP';
  // A path with a NUL never reaches the kernel.
  if (thrown.code === 'ERR_INVALID_ARG_VALUE') return 'EINVAL';
  return isErrnoName(thrown.code) ? thrown.code : undefined;
}

/** What went wrong, for a message: the kernel's text where there is one, else the thrown message. */
export function thrownText(thrown: unknown): string {
  const name = thrownErrno(thrown);
  if (name !== undefined) return errnoText(name);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The kernel's error behind a thrown value: its own, or the one of what caused it. */
export function causeErrno(thrown: unknown): ErrnoName | undefined {
  return thrownErrno(thrown) ?? (thrown instanceof Error ? thrownErrno(thrown.cause) : undefined);
}
