import { CniError, ErrorCode } from '../../types/error.ts';
import { causeErrno, thrownErrno, thrownText } from '../errno.ts';
import { type FileStatus, libc } from '../libc.ts';
import { type FileCalls, isFolder, OPEN } from './calls.ts';
import { libcFiles } from './native.ts';
import { nodeFiles } from './node.ts';

/** How {@link writeFileAtomically} writes. */
export interface WriteOptions {
  /** Permissions of the file; 0600 by default. */
  readonly mode?: number;
  /** Whether file and folder must be on disk when the call returns; off by default. */
  readonly sync?: boolean;
  /** The temporary name, in the same folder, for who wants to find it after a crash; else one that nobody has. */
  readonly temporary?: string;
}

/** Nearly every file fits into the first piece. */
const FIRST_PIECE_BYTES = 4 * 1024;
const PIECE_BYTES = 64 * 1024;

/** `node:fs`, for what is rare. An ordinary call does not load it, see {@link files}. */
export function fs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

let calls: FileCalls | undefined;

/** The file system: through libc, under Node through `node:fs`. */
export function files(): FileCalls {
  if (calls === undefined) {
    const c = libc();
    calls = c === undefined ? nodeFiles(fs()) : libcFiles(c);
  }
  return calls;
}

/** An input/output error in Go's words: `open /x: no such file or directory`. */
export function fileError(operation: string, path: string, thrown: unknown): CniError {
  return new CniError(ErrorCode.io, `${operation} ${path}: ${thrownText(thrown)}`, '', { cause: thrown });
}

/** A file's text; invalid UTF-8 is replaced. */
export function readExistingFile(path: string): string {
  let operation = 'open';
  try {
    const fd = files().open(path, OPEN.noTerminal | OPEN.nonBlocking);
    try {
      operation = 'read';
      return readAll(fd);
    } finally {
      files().close(fd);
    }
  } catch (thrown) {
    throw fileError(operation, path, thrown);
  }
}

/** Until nothing comes any more: files of the kernel say that they are empty. */
function readAll(fd: number): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let buffer = new Uint8Array(FIRST_PIECE_BYTES);
  let text = '';
  for (;;) {
    const length = files().read(fd, buffer);
    if (length === 0) return text + decoder.decode();
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
    // A piece that was filled is probably not the last.
    if (length === FIRST_PIECE_BYTES) buffer = new Uint8Array(PIECE_BYTES);
  }
}

/** A file's text; `undefined` when there is no such file. */
export function readTextFile(path: string): string | undefined {
  try {
    return readExistingFile(path);
  } catch (thrown) {
    if (causeErrno(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** What a path leads to, symbolic links followed; `undefined` when there is nothing. */
export function statusOf(path: string): FileStatus | undefined {
  try {
    return files().status(path);
  } catch (thrown) {
    if (thrownErrno(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Writes all of a text, in one write where the kernel takes it at once. */
export function writeText(fd: number, text: string): void {
  writeBytes(fd, new TextEncoder().encode(text));
}

/** Writes all bytes. */
export function writeBytes(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += files().write(fd, bytes.subarray(written));
}

/** Writes into a file that exists already, in one write: what the files under /proc/sys want. */
export function overwriteFile(path: string, text: string): void {
  let operation = 'open';
  try {
    const fd = files().open(path, OPEN.write);
    try {
      operation = 'write';
      files().write(fd, new TextEncoder().encode(text));
    } finally {
      files().close(fd);
    }
  } catch (thrown) {
    throw fileError(operation, path, thrown);
  }
}

/**
 * Writes a file in place, and makes it when there is none: for what may be lost. It is never empty in between, but
 * may for a moment have the end of the old text after the new one. A link or a pipe in its place is an error.
 *
 * @param mode permissions of a new file; the umask applies
 */
export function writeFile(path: string, text: string, mode = 0o600): void {
  const bytes = new TextEncoder().encode(text);
  const fd = files().open(path, OPEN.write | OPEN.create | OPEN.noFollow | OPEN.nonBlocking, mode);
  try {
    writeBytes(fd, bytes);
    files().truncate(fd, bytes.length);
  } finally {
    files().close(fd);
  }
}

/**
 * Writes a file so that a reader sees the old text or the new one, never half of it: under a temporary name in
 * the same folder, then renamed.
 *
 * @example
 * writeFileAtomically('/var/lib/cni/networks/net/10.0.0.2', text, { mode: 0o644, sync: true });
 */
export function writeFileAtomically(path: string, text: string, options: WriteOptions = {}): void {
  const { mode = 0o600, sync = false } = options;
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  // The name does not grow with the file's own, which may be as long as names can be.
  const anyName = () => `${folder}.cni-ts.${process.pid}.${Math.random().toString(36).slice(2, 10)}.tmp`;
  const temporary = options.temporary ?? anyName();
  let operation = 'open';
  try {
    const fd = openTemporary(temporary, mode);
    try {
      // The mode given at creation passes through the umask; this one does not.
      files().changeMode(fd, mode);
      operation = 'write';
      writeText(fd, text);
      if (sync) files().sync(fd);
    } finally {
      files().close(fd);
    }
    operation = 'rename';
    files().rename(temporary, path);
    if (sync) syncFolder(folder === '' ? '.' : folder);
  } catch (thrown) {
    removeFile(temporary);
    throw fileError(operation, path, thrown);
  }
}

/** One that is there was left by a crash, or is of another who writes the very same. */
function openTemporary(path: string, mode: number): number {
  const flags = OPEN.write | OPEN.create | OPEN.exclusive;
  try {
    return files().open(path, flags, mode);
  } catch (thrown) {
    if (thrownErrno(thrown) !== 'EEXIST') throw thrown;
    removeFile(path);
    return files().open(path, flags, mode);
  }
}

function syncFolder(folder: string): void {
  const fd = files().open(folder);
  try {
    files().sync(fd);
  } finally {
    files().close(fd);
  }
}

/** Removes a file; one that is not there is fine. */
export function removeFile(path: string): void {
  try {
    files().removeFile(path);
  } catch (thrown) {
    if (thrownErrno(thrown) !== 'ENOENT') throw thrown;
  }
}

/**
 * Makes a folder and those above it; one that is there is fine.
 *
 * @param mode permissions of those that are made; the umask applies
 */
export function makeFolders(path: string, mode: number): void {
  try {
    makeFolder(path, mode);
  } catch (thrown) {
    const end = path.replace(/\/+$/, '').lastIndexOf('/');
    if (thrownErrno(thrown) !== 'ENOENT' || end <= 0) throw thrown;
    makeFolders(path.slice(0, end), mode);
    makeFolder(path, mode);
  }
}

function makeFolder(path: string, mode: number): void {
  try {
    files().makeFolder(path, mode);
  } catch (thrown) {
    const found = thrownErrno(thrown) === 'EEXIST' ? statusOf(path) : undefined;
    if (found === undefined || !isFolder(found)) throw thrown;
  }
}
