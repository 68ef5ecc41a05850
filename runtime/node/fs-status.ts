import { thrownErrno } from '../../pkg/sys/errno.ts';
import { isFolder, isRegularFile } from '../../pkg/sys/files/calls.ts';
import { files } from '../../pkg/sys/files/files.ts';
import { type FileStatus, LibcError, libc } from '../../pkg/sys/libc.ts';

const KIND = 0o170000;
const KIND_LINK = 0o120000;

/** The part of `fs.Stats` that the program uses. */
export interface Stats {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** The part of `fs.Dirent` that the program uses. */
export interface Dirent {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

interface StatOptions {
  readonly throwIfNoEntry?: boolean;
}

/** `fs.statSync`. */
export function statSync(path: string, options?: StatOptions): Stats | undefined {
  return statusOf(path, true, options);
}

/** `fs.lstatSync`. */
export function lstatSync(path: string, options?: StatOptions): Stats | undefined {
  return statusOf(path, false, options);
}

/** What is in a folder, with kinds; see `fs.readdirSync`. */
export function dirents(path: string): readonly Dirent[] {
  return files()
    .list(path)
    .map(({ name, isFolder }) => ({
      name,
      isDirectory: () => isFolder,
      isFile: () => !isFolder && lstatSync(`${path}/${name}`)?.isFile() === true,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function statusOf(path: string, followLinks: boolean, { throwIfNoEntry = true }: StatOptions = {}): Stats | undefined {
  const c = libc();
  if (c === undefined) throw new LibcError('statx', 38);
  try {
    return statsFrom(c.status(path, followLinks));
  } catch (thrown) {
    const errno = thrownErrno(thrown);
    if (!throwIfNoEntry && (errno === 'ENOENT' || errno === 'ENOTDIR')) return undefined;
    throw thrown;
  }
}

function statsFrom(status: FileStatus): Stats {
  const { dev, ino, mode, links, size, mtimeNs } = status;
  return {
    dev: Number(dev),
    ino: Number(ino),
    mode,
    nlink: links,
    size: Number(size),
    mtimeMs: Number(mtimeNs) / 1e6,
    isFile: () => isRegularFile(status),
    isDirectory: () => isFolder(status),
    isSymbolicLink: () => (mode & KIND) === KIND_LINK,
  };
}
