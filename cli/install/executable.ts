import { OPEN } from '../../pkg/sys/files/calls.ts';
import { files, fs, writeBytes } from '../../pkg/sys/files/files.ts';
import { bindFunctions } from '../../pkg/sys/libc.ts';

/** The ioctl by which a file shares the blocks of another until one of them is written to. */
const FICLONE = 0x40049409;

/**
 * Writes a file of an executable of its own, on the disk before any name leads to it. An inode for each name, because
 * whoever copies over one name writes into the file behind it, and must not hit the others.
 *
 * @param like a file of the same content, whose blocks are shared where the file system can
 */
export function writeExecutable(path: string, bytes: Uint8Array, like: string): void {
  fs().rmSync(path, { force: true });
  const fd = files().open(path, OPEN.write | OPEN.create | OPEN.exclusive, 0o755);
  try {
    if (!sharesBlocks(fd, like)) writeBytes(fd, bytes);
    files().changeMode(fd, 0o755);
    files().sync(fd);
  } finally {
    files().close(fd);
  }
}

/** Whether a path leads to a file of this content that has no other name. */
export function isWhole(path: string, bytes: Buffer): boolean {
  const status = fs().lstatSync(path, { throwIfNoEntry: false });
  if (status?.isFile() !== true || status.nlink > 1 || status.size !== bytes.length) return false;
  return (status.mode & 0o777) === 0o755 && hasBytes(path, bytes);
}

/** Whether a file has this content and no other. */
export function hasBytes(path: string, bytes: Buffer): boolean {
  return bytes.equals(fs().readFileSync(path));
}

function sharesBlocks(fd: number, like: string): boolean {
  const from = files().open(like);
  try {
    return bindFunctions('ioctl').symbols.ioctl(fd, FICLONE, from) === 0;
  } finally {
    files().close(from);
  }
}
