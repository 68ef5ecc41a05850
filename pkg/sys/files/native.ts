import { causeErrno } from '../errno.ts';
import { bindFunctions, isInterruption, type Libc, persist } from '../libc.ts';
import type { FileCalls, FolderEntry } from './calls.ts';

const AT_FDCWD = -100;
/** One of the few flags that are not the same everywhere; without it a pipe in a folder's place would be waited for. */
const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000;
const X_OK = 1;
const PATH_MAX = 4096;
/** Some hundred names at a time. */
const LIST_BYTES = 16 * 1024;
/** Where an entry of a folder has its name. */
const NAME_AT = 19;
/** Kinds in a folder's entries. */
const DT = { unknown: 0, folder: 4 } as const;

/**
 * The file system through the C library. What every call has bound anyway is taken from there; the rest is bound when
 * the first of it is needed, so that a call that only reads does not pay for it.
 */
export function libcFiles(c: Libc): FileCalls {
  let bound: MoreFunctions | undefined;
  const more = (): MoreFunctions => {
    bound ??= bindMore();
    return bound;
  };
  return {
    open: (path, flags, mode) => persist(() => c.open(path, flags, mode)),
    close(fd) {
      try {
        c.close(fd);
      } catch (thrown) {
        // It is closed all the same, and trying again could close somebody else's.
        if (!isInterruption(thrown)) throw thrown;
      }
    },
    read: (fd, buffer) => persist(() => c.read(fd, buffer)),
    status: (path) => c.status(path),
    statusOf: (fd) => c.statusOf(fd),
    fileSystem: (path) => c.fileSystem(path),
    mayExecute: (path) => more().mayExecute(path),
    write: (fd, bytes) => persist(() => more().write(fd, bytes)),
    truncate: (fd, length) => persist(() => more().truncate(fd, length)),
    changeMode: (fd, mode) => more().changeMode(fd, mode),
    setTimes: (path, milliseconds) => more().setTimes(path, milliseconds),
    sync: (fd) => persist(() => more().sync(fd)),
    syncData: (fd) => persist(() => more().syncData(fd)),
    rename: (from, to) => more().rename(from, to),
    removeFile: (path) => more().removeFile(path),
    makeFolder: (path, mode) => more().makeFolder(path, mode),
    removeFolder: (path) => more().removeFolder(path),
    readLink: (path) => more().readLink(path),
    list: (path) => list(c, more(), path),
  };
}

function list(c: Libc, more: MoreFunctions, path: string): FolderEntry[] {
  const fd = persist(() => c.open(path, O_DIRECTORY));
  try {
    const entries: FolderEntry[] = [];
    const buffer = new Uint8Array(LIST_BYTES);
    for (;;) {
      const length = more.readFolder(fd, path, buffer);
      if (length === 0) return entries;
      for (const { name, kind } of entriesIn(buffer.subarray(0, length))) {
        // Not every file system notes the kinds beside the names.
        const isFolder = kind === DT.unknown ? isFolderItself(c, `${path}/${name}`) : kind === DT.folder;
        if (isFolder !== undefined) entries.push({ name, isFolder });
      }
    }
  } finally {
    c.close(fd);
  }
}

/** `undefined` for what is gone since it was listed: a process that has ended meanwhile has no kind in /proc. */
function isFolderItself(c: Libc, path: string): boolean | undefined {
  try {
    return (c.status(path, false).mode & 0o170000) === 0o040000;
  } catch (thrown) {
    if (causeErrno(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** The names in what the kernel writes of a folder, without the folder's own and its parent's. */
export function entriesIn(bytes: Uint8Array): { readonly name: string; readonly kind: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const entries: { name: string; kind: number }[] = [];
  for (let at = 0; at + NAME_AT < bytes.length; ) {
    const length = view.getUint16(at + 16, true);
    // A file system in user space writes what it likes.
    if (length <= NAME_AT || at + length > bytes.length) throw new Error(`a folder's entry of ${length} bytes`);
    const entry = bytes.subarray(at + NAME_AT, at + length);
    const end = entry.indexOf(0);
    const name = decoder.decode(end < 0 ? entry : entry.subarray(0, end));
    if (name !== '.' && name !== '..') entries.push({ name, kind: view.getUint8(at + 18) });
    at += length;
  }
  return entries;
}

type MoreFunctions = ReturnType<typeof bindMore>;

function bindMore() {
  const { symbols, checked } = bindFunctions(
    'write',
    'ftruncate',
    'fchmod',
    'utimensat',
    'fsync',
    'fdatasync',
    'rename',
    'unlink',
    'mkdir',
    'rmdir',
    'readlink',
    'getdents64',
    'access',
  );
  return {
    // Writing no byte is not worth a call.
    write: (fd: number, bytes: Uint8Array) =>
      bytes.length === 0 ? 0 : checked('write', symbols.write(fd, bytes, bytes.length)),
    truncate: (fd: number, length: number) => void checked('ftruncate', symbols.ftruncate(fd, length)),
    changeMode: (fd: number, mode: number) => void checked('fchmod', symbols.fchmod(fd, mode)),
    setTimes(path: string, milliseconds: number) {
      const seconds = BigInt(Math.floor(milliseconds / 1000));
      const nanoseconds = BigInt(Math.floor((milliseconds % 1000) * 1_000_000));
      const times = new BigInt64Array([seconds, nanoseconds, seconds, nanoseconds]);
      checked(`utimensat ${path}`, symbols.utimensat(AT_FDCWD, path, times, 0));
    },
    sync: (fd: number) => void checked('fsync', symbols.fsync(fd)),
    syncData: (fd: number) => void checked('fdatasync', symbols.fdatasync(fd)),
    rename: (from: string, to: string) => void checked(`rename ${from} ${to}`, symbols.rename(from, to)),
    removeFile: (path: string) => void checked(`unlink ${path}`, symbols.unlink(path)),
    makeFolder: (path: string, mode: number) => void checked(`mkdir ${path}`, symbols.mkdir(path, mode)),
    removeFolder: (path: string) => void checked(`rmdir ${path}`, symbols.rmdir(path)),
    readLink(path: string) {
      const buffer = new Uint8Array(PATH_MAX);
      const length = checked(`readlink ${path}`, symbols.readlink(path, buffer, PATH_MAX));
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(buffer.subarray(0, length));
    },
    mayExecute: (path: string) => symbols.access(path, X_OK) === 0,
    /** Reads some entries of a folder; gives how many bytes they take, 0 at the end. */
    readFolder: (fd: number, path: string, buffer: Uint8Array) =>
      checked(`getdents64 ${path}`, symbols.getdents64(fd, buffer, buffer.length)),
  };
}
