import type { FileStatus } from '../libc.ts';

/** A name in a folder. */
export interface FolderEntry {
  readonly name: string;
  /** Whether it is a folder itself; a link to one is not. */
  readonly isFolder: boolean;
}

/**
 * What this project asks of the file system, one call of the kernel each. A failure is an error with the kernel's
 * name for it as `code`. The functions that put them together are in `files.ts`.
 */
export interface FileCalls {
  /** Opens a path, close-on-exec; for reading when no flags are given, see {@link OPEN}. The umask applies to `mode`. */
  open(path: string, flags?: number, mode?: number): number;
  close(fd: number): void;
  /** Reads into a buffer; gives how much, 0 at the end. */
  read(fd: number, buffer: Uint8Array): number;
  /** Writes some of the bytes, at least one; gives how many. */
  write(fd: number, bytes: Uint8Array): number;
  /** Cuts a file off. */
  truncate(fd: number, length: number): void;
  /** What a path leads to, symbolic links followed. */
  status(path: string): FileStatus;
  /** What a file descriptor is open on. */
  statusOf(fd: number): FileStatus;
  /** Sets the permissions, whatever the umask. */
  changeMode(fd: number, mode: number): void;
  /** Sets both times of a file or folder, in milliseconds since the epoch. */
  setTimes(path: string, milliseconds: number): void;
  /** Waits until everything about it is on disk. */
  sync(fd: number): void;
  /** Waits until its content is on disk, and what is needed to find it. */
  syncData(fd: number): void;
  rename(from: string, to: string): void;
  removeFile(path: string): void;
  makeFolder(path: string, mode: number): void;
  /** Removes a folder that is empty. */
  removeFolder(path: string): void;
  /** What is in a folder, in no particular order. */
  list(path: string): FolderEntry[];
  /** Where a symbolic link leads. */
  readLink(path: string): string;
  /** The magic number of the file system that a path is on. */
  fileSystem(path: string): number;
  /** Whether this process may execute a file. */
  mayExecute(path: string): boolean;
}

/** Flags of {@link FileCalls.open}. */
export const OPEN = {
  write: 0o1,
  create: 0o100,
  exclusive: 0o200,
  noTerminal: 0o400,
  truncate: 0o1000,
  append: 0o2000,
  /** A pipe that somebody has put in a file's place is not waited for. */
  nonBlocking: 0o4000,
  /** A link that somebody has put in a file's place leads nowhere. The one flag that is not the same everywhere. */
  noFollow: process.arch === 'arm64' ? 0o100000 : 0o400000,
} as const;

const KIND = 0o170000;

/** Whether a status is that of a folder. */
export function isFolder({ mode }: FileStatus): boolean {
  return (mode & KIND) === 0o040000;
}

/** Whether a status is that of a regular file. */
export function isRegularFile({ mode }: FileStatus): boolean {
  return (mode & KIND) === 0o100000;
}
