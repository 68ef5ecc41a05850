import type { FileCalls, FolderEntry } from './file-calls.ts';
import { bindFunctions, cText, type Libc, LibcError } from './libc.ts';

const AT_FDCWD = -100;
/** One of the few flags that are not the same everywhere; without it a pipe in a folder's place would be waited for. */
const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000;
const PATH_MAX = 4096;
/** Some hundred names at a time. */
const LIST_BYTES = 16 * 1024;
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

/** Tries again as long as signals come in between. */
function persist<T>(work: () => T): T {
  for (;;) {
    try {
      return work();
    } catch (thrown) {
      if (!isInterruption(thrown)) throw thrown;
    }
  }
}

function isInterruption(thrown: unknown): boolean {
  return thrown instanceof LibcError && thrown.code === 'EINTR';
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
        entries.push({ name, isFolder });
      }
    }
  } finally {
    c.close(fd);
  }
}

function isFolderItself(c: Libc, path: string): boolean {
  return (c.status(path, false).mode & 0o170000) === 0o040000;
}

/** The names in what the kernel writes of a folder, without the folder's own and its parent's. */
export function entriesIn(bytes: Uint8Array): { readonly name: string; readonly kind: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const entries: { name: string; kind: number }[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint16(at + 16, true)) {
    const start = at + 19;
    const name = decoder.decode(bytes.subarray(start, bytes.indexOf(0, start)));
    if (name !== '.' && name !== '..') entries.push({ name, kind: view.getUint8(at + 18) });
  }
  return entries;
}

type MoreFunctions = ReturnType<typeof bindMore>;

function bindMore() {
  const { symbols, ptr, checked } = bindFunctions({
    write: { args: ['int', 'ptr', 'u64'], returns: 'i64' },
    ftruncate: { args: ['int', 'i64'], returns: 'int' },
    fchmod: { args: ['int', 'u32'], returns: 'int' },
    utimensat: { args: ['int', 'ptr', 'ptr', 'int'], returns: 'int' },
    fsync: { args: ['int'], returns: 'int' },
    fdatasync: { args: ['int'], returns: 'int' },
    rename: { args: ['ptr', 'ptr'], returns: 'int' },
    unlink: { args: ['ptr'], returns: 'int' },
    mkdir: { args: ['ptr', 'u32'], returns: 'int' },
    rmdir: { args: ['ptr'], returns: 'int' },
    readlink: { args: ['ptr', 'ptr', 'u64'], returns: 'i64' },
    // getdents64 under an older name: the C libraries of long-term distributions do not have the newer one.
    getdirentries64: { args: ['int', 'ptr', 'u64', 'ptr'], returns: 'i64' },
  });
  return {
    write: (fd: number, bytes: Uint8Array) =>
      // No byte has an address when there are none, and writing none is not worth a call.
      bytes.length === 0 ? 0 : checked('write', Number(symbols.write(fd, ptr(bytes), bytes.length))),
    truncate: (fd: number, length: number) => void checked('ftruncate', symbols.ftruncate(fd, length)),
    changeMode: (fd: number, mode: number) => void checked('fchmod', symbols.fchmod(fd, mode)),
    setTimes(path: string, milliseconds: number) {
      const seconds = BigInt(Math.floor(milliseconds / 1000));
      const nanoseconds = BigInt(Math.floor((milliseconds % 1000) * 1_000_000));
      const times = new BigInt64Array([seconds, nanoseconds, seconds, nanoseconds]);
      const text = cText(path);
      checked(`utimensat ${path}`, symbols.utimensat(AT_FDCWD, ptr(text), ptr(times), 0));
    },
    sync: (fd: number) => void checked('fsync', symbols.fsync(fd)),
    syncData: (fd: number) => void checked('fdatasync', symbols.fdatasync(fd)),
    rename(from: string, to: string) {
      const [source, target] = [cText(from), cText(to)];
      checked(`rename ${from} ${to}`, symbols.rename(ptr(source), ptr(target)));
    },
    removeFile(path: string) {
      const text = cText(path);
      checked(`unlink ${path}`, symbols.unlink(ptr(text)));
    },
    makeFolder(path: string, mode: number) {
      const text = cText(path);
      checked(`mkdir ${path}`, symbols.mkdir(ptr(text), mode));
    },
    removeFolder(path: string) {
      const text = cText(path);
      checked(`rmdir ${path}`, symbols.rmdir(ptr(text)));
    },
    readLink(path: string) {
      const buffer = new Uint8Array(PATH_MAX);
      const text = cText(path);
      const length = checked(`readlink ${path}`, Number(symbols.readlink(ptr(text), ptr(buffer), PATH_MAX)));
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(buffer.subarray(0, length));
    },
    /** Reads some entries of a folder; gives how many bytes they take, 0 at the end. */
    readFolder(fd: number, path: string, buffer: Uint8Array) {
      const place = new BigInt64Array(1);
      const length = symbols.getdirentries64(fd, ptr(buffer), buffer.length, ptr(place));
      return checked(`getdents64 ${path}`, Number(length));
    },
  };
}
