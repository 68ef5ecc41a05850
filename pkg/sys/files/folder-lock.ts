import { thrownErrno } from '../errno.ts';
import { type Libc, LOCK, libc } from '../libc.ts';
import { makeFolders } from './files.ts';

/** A folder that is locked together with others, and perhaps, later, alone. */
export interface FolderLock {
  /** Whether nobody else holds it; from then on nobody gets it. Never waits. */
  tryAlone(): boolean;
  /** Lets go of it; the end of the process does the same. */
  release(): void;
}

/**
 * Takes the shared flock(2) of a folder, which is made if need be: for what many may do at once, and one thing that
 * must not happen meanwhile. `undefined` where it is not to be had; who needs to be alone then cannot know that they are.
 */
export function shareFolder(path: string): FolderLock | undefined {
  const c = libc();
  if (c === undefined) return undefined;
  let fd: number | undefined;
  try {
    fd = openFolder(c, path);
    c.flock(fd, LOCK.shared);
  } catch {
    // A folder that cannot be made, on a full or read-only file system: nobody else gets a lock there either.
    if (fd !== undefined) c.close(fd);
    return undefined;
  }
  return heldFolder(c, fd);
}

function heldFolder(c: Libc, fd: number): FolderLock {
  return {
    tryAlone() {
      try {
        c.flock(fd, LOCK.exclusive | LOCK.nonBlocking);
        return true;
      } catch {
        return false;
      }
    },
    release: () => c.close(fd),
  };
}

function openFolder(c: Libc, folder: string): number {
  try {
    return c.open(folder);
  } catch (thrown) {
    if (thrownErrno(thrown) !== 'ENOENT') throw thrown;
    makeFolders(folder, 0o700);
    return c.open(folder);
  }
}
