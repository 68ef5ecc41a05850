// The part of node:fs that the program uses.
import { files } from '../../pkg/sys/files/files.ts';
import { host } from '../host.ts';
import { call } from './fs-call.ts';
import { type Dirent, dirents, lstatSync, type Stats, statSync } from './fs-status.ts';

export { readFileSync, writeFileSync } from './fs-content.ts';
export { linkSync, readlinkSync, realpathSync, symlinkSync } from './fs-links.ts';
export { cpSync, mkdirSync, mkdtempSync, rmSync } from './fs-tree.ts';
export { lstatSync, statSync };

const FLAGS: Readonly<Record<string, number>> = { r: 0, 'r+': 2 };
const STATFS_BYTES = 256;

/** `fs.constants`. */
export const constants = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 } as const;

/** `fs.accessSync`. */
export function accessSync(path: string, mode = 0): void {
  call('access', path, path, mode);
}

/** `fs.existsSync`. */
export function existsSync(path: string): boolean {
  return host.libc('access')(path, 0) === 0;
}

/** `fs.writeSync`. */
export function writeSync(fd: number, text: string): number {
  return files().write(fd, host.encode(text));
}

/** `fs.openSync`. */
export function openSync(path: string, flags: string): number {
  return files().open(path, FLAGS[flags] ?? 0);
}

/** `fs.closeSync`. */
export function closeSync(fd: number): void {
  files().close(fd);
}

/** `fs.fsyncSync`. */
export function fsyncSync(fd: number): void {
  files().sync(fd);
}

/** `fs.fchmodSync`. */
export function fchmodSync(fd: number, mode: number): void {
  files().changeMode(fd, mode);
}

/** `fs.renameSync`. */
export function renameSync(from: string, to: string): void {
  files().rename(from, to);
}

/** `fs.unlinkSync`. */
export function unlinkSync(path: string): void {
  files().removeFile(path);
}

/** `fs.readdirSync`. */
export function readdirSync(
  path: string,
  options?: { readonly withFileTypes?: boolean },
): readonly (string | Dirent)[] {
  if (options?.withFileTypes === true) return dirents(path);
  return files()
    .list(path)
    .map(({ name }) => name)
    .sort();
}

/** `fs.statfsSync`, of which only the numbers of blocks are asked for. */
export function statfsSync(path: string): { readonly blocks: number; readonly bavail: number } {
  const numbers = new BigInt64Array(STATFS_BYTES / 8);
  call('statfs', path, path, numbers);
  return { blocks: Number(numbers[2]), bavail: Number(numbers[4]) };
}

export type { Dirent, Stats };
