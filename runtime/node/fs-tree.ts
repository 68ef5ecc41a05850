import { thrownErrno } from '../../pkg/sys/errno.ts';
import { OPEN } from '../../pkg/sys/files/calls.ts';
import { files, makeFolders, writeBytes } from '../../pkg/sys/files/files.ts';
import { readFileSync } from './fs-content.ts';
import { readlinkSync, symlinkSync } from './fs-links.ts';
import { lstatSync } from './fs-status.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `fs.mkdirSync`. */
export function mkdirSync(path: string, { recursive = false, mode = 0o777 } = {}): void {
  if (recursive) makeFolders(path, mode);
  else files().makeFolder(path, mode);
}

/** `fs.mkdtempSync`. */
export function mkdtempSync(prefix: string): string {
  for (;;) {
    const letter = () => LETTERS[Math.floor(Math.random() * LETTERS.length)] ?? '';
    const path = `${prefix}${Array.from({ length: 6 }, letter).join('')}`;
    try {
      files().makeFolder(path, 0o700);
      return path;
    } catch (thrown) {
      if (thrownErrno(thrown) !== 'EEXIST') throw thrown;
    }
  }
}

/** `fs.rmSync`. */
export function rmSync(path: string, { recursive = false, force = false } = {}): void {
  try {
    if (recursive && lstatSync(path)?.isDirectory() === true) removeTree(path);
    else files().removeFile(path);
  } catch (thrown) {
    if (!force || thrownErrno(thrown) !== 'ENOENT') throw thrown;
  }
}

function removeTree(path: string): void {
  for (const { name, isFolder } of files().list(path)) {
    if (isFolder) removeTree(`${path}/${name}`);
    else files().removeFile(`${path}/${name}`);
  }
  files().removeFolder(path);
}

/** `fs.cpSync`; links are copied as links. */
export function cpSync(from: string, to: string, options: { readonly preserveTimestamps?: boolean } = {}): void {
  const status = lstatSync(from);
  if (status?.isSymbolicLink() === true) {
    symlinkSync(readlinkSync(from), to);
    return;
  }
  if (status?.isDirectory() === true) {
    makeFolders(to, status.mode & 0o7777);
    for (const { name } of files().list(from)) cpSync(`${from}/${name}`, `${to}/${name}`, options);
  } else copyFile(from, to, status?.mode ?? 0o600);
  if (options.preserveTimestamps === true) files().setTimes(to, status?.mtimeMs ?? 0);
}

function copyFile(from: string, to: string, mode: number): void {
  const bytes = readFileSync(from) as Buffer;
  const fd = files().open(to, OPEN.write | OPEN.create | OPEN.truncate, mode);
  try {
    writeBytes(fd, bytes);
    files().changeMode(fd, mode & 0o7777);
  } finally {
    files().close(fd);
  }
}
