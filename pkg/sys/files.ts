import { CniError, ErrorCode } from '../types/error.ts';
import { causeErrno, thrownErrno, thrownText } from './errno.ts';

/** How {@link writeFileAtomically} writes. */
export interface WriteOptions {
  /** Permissions of the file; 0600 by default. */
  readonly mode?: number;
  /** Whether file and folder must be on disk when the call returns; off by default. */
  readonly sync?: boolean;
}

/** `node:fs`, loaded by the first one who needs it: a verb that reads no file does not pay for it. */
export function fs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

/** An input/output error in Go's words: `open /x: no such file or directory`. */
export function fileError(operation: string, path: string, thrown: unknown): CniError {
  return new CniError(ErrorCode.io, `${operation} ${path}: ${thrownText(thrown)}`, '', { cause: thrown });
}

/** A file's text. */
export function readExistingFile(path: string): string {
  try {
    return fs().readFileSync(path, 'utf8');
  } catch (thrown) {
    throw fileError(thrownErrno(thrown) === 'EISDIR' ? 'read' : 'open', path, thrown);
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

/** Writes into a file that exists already, in one write: what the files under /proc/sys want. */
export function overwriteFile(path: string, text: string): void {
  let fd: number;
  try {
    fd = fs().openSync(path, fs().constants.O_WRONLY);
  } catch (thrown) {
    throw fileError('open', path, thrown);
  }
  try {
    fs().writeSync(fd, text);
  } catch (thrown) {
    throw fileError('write', path, thrown);
  } finally {
    fs().closeSync(fd);
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
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  // The name does not grow with the file's own, which may be as long as names can be.
  const temporary = `${folder}.cni-ts.${process.pid}.${Math.random().toString(36).slice(2, 10)}.tmp`;
  let operation = 'open';
  try {
    const fd = fs().openSync(temporary, 'wx', options.mode ?? 0o600);
    try {
      // The mode given at creation passes through the umask; this one does not.
      fs().fchmodSync(fd, options.mode ?? 0o600);
      operation = 'write';
      fs().writeFileSync(fd, text);
      if (options.sync) fs().fsyncSync(fd);
    } finally {
      fs().closeSync(fd);
    }
    operation = 'rename';
    fs().renameSync(temporary, path);
    if (options.sync) syncFolder(folder === '' ? '.' : folder);
  } catch (thrown) {
    fs().rmSync(temporary, { force: true });
    throw fileError(operation, path, thrown);
  }
}

function syncFolder(folder: string): void {
  const fd = fs().openSync(folder, 'r');
  try {
    fs().fsyncSync(fd);
  } finally {
    fs().closeSync(fd);
  }
}
