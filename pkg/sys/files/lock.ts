import { CniError, ErrorCode } from '../../types/error.ts';
import { LibcError, LOCK, libc } from '../libc.ts';
import { findProgram } from '../process/find-program.ts';
import { OPEN } from './calls.ts';
import { fileError, files, makeFolders, statusOf } from './files.ts';

/** A lock that is held; released by closing it, or by the end of the process. */
export interface FileLock {
  release(): void;
}

/** First and longest pause between two attempts: a holder is done within milliseconds. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 8;

/**
 * Takes the exclusive flock(2) of a file, which is created if need be: programs that lock the same file with flock,
 * whatever they are written in, exclude each other.
 *
 * @param mode permissions of the file when it is created here; the umask applies
 * @throws {CniError} code 11 when others held it for all of `timeoutMs`, code 5 when it cannot be locked at all
 */
export async function lockFile(path: string, mode: number, timeoutMs: number): Promise<FileLock> {
  return lockOpened(
    path,
    () => files().open(path, OPEN.create | OPEN.nonBlocking, mode),
    timeoutMs,
    'the address store',
  );
}

/**
 * Takes the exclusive flock(2) of a folder, which is made if need be.
 *
 * @param what what is in it, for the error
 * @throws {CniError} code 11 when others held it for all of `timeoutMs`, code 5 when it cannot be locked at all
 */
export async function lockFolder(path: string, mode: number, timeoutMs: number, what: string): Promise<FileLock> {
  const open = (): number => {
    makeFolders(path, mode);
    return files().open(path);
  };
  return lockOpened(path, open, timeoutMs, what);
}

/**
 * Takes the exclusive flock(2) of a file that is there: none is made.
 *
 * @param what what it stands for, for the error
 * @throws {CniError} code 11 when others held it for all of `timeoutMs`, code 5 when it cannot be locked at all
 */
export async function lockExisting(path: string, timeoutMs: number, what: string): Promise<FileLock> {
  return lockOpened(path, () => files().open(path), timeoutMs, what);
}

async function lockOpened(path: string, open: () => number, timeoutMs: number, what: string): Promise<FileLock> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const fd = openLock(path, open);
    const busy = (): CniError => lockedError(path, timeoutMs, what);
    try {
      await lockDescriptor(fd, path, deadline, busy);
      if (isStillAt(fd, path)) return { release: () => files().close(fd) };
    } catch (thrown) {
      files().close(fd);
      throw thrown;
    }
    // Somebody removed the file while it was waited for: the others lock another one by now.
    files().close(fd);
  }
}

function openLock(path: string, open: () => number): number {
  try {
    return open();
  } catch (thrown) {
    throw fileError('open', path, thrown);
  }
}

function isStillAt(fd: number, path: string): boolean {
  const held = files().statusOf(fd);
  const found = statusOf(path);
  return found?.ino === held.ino && found.dev === held.dev;
}

async function lockDescriptor(fd: number, path: string, deadline: number, busy: () => CniError): Promise<void> {
  const c = libc();
  if (c === undefined) return lockWithProgram(fd, path, deadline, busy);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      c.flock(fd, LOCK.exclusive | LOCK.nonBlocking);
      return;
    } catch (thrown) {
      // A call that a signal interrupted is tried again like one that found the lock taken.
      if (!(thrown instanceof LibcError) || (thrown.code !== 'EAGAIN' && thrown.code !== 'EINTR')) {
        throw fileError('flock', path, thrown);
      }
    }
    if (performance.now() >= deadline) throw busy();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** flock(1) locks the file that it inherits; the lock stays with the open file, which is ours, when it ends. */
function lockWithProgram(fd: number, path: string, deadline: number, busy: () => CniError): void {
  const seconds = Math.max(0, (deadline - performance.now()) / 1000).toFixed(3);
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const options = { stdio: ['ignore', 'ignore', 'pipe', fd] as ['ignore', 'ignore', 'pipe', number] };
  const { status, stderr } = spawnSync(findProgram('flock'), ['-x', '-w', seconds, '3'], options);
  if (status === 0) return;
  if (status === 1 && stderr.length === 0) throw busy();
  throw fileError('flock', path, new Error(`flock(1) ended with status ${status}: ${String(stderr).trim()}`));
}

function lockedError(path: string, timeoutMs: number, what: string): CniError {
  const details = `another process has held ${path} for ${timeoutMs / 1000} s; \`fuser ${path}\` shows which one`;
  return new CniError(ErrorCode.tryAgain, `${what} is locked`, details);
}
