import type { BigIntStats } from 'node:fs';
import type { FileStatus } from '../libc.ts';
import type { FileCalls } from './calls.ts';

/** The file system through `node:fs`, under Node. */
export function nodeFiles(fs: typeof import('node:fs')): FileCalls {
  return {
    open: (path, flags = 0, mode = 0) => fs.openSync(path, flags, mode),
    close: (fd) => fs.closeSync(fd),
    read: (fd, buffer) => fs.readSync(fd, buffer),
    write: (fd, bytes) => fs.writeSync(fd, bytes),
    truncate: (fd, length) => fs.ftruncateSync(fd, length),
    status: (path) => statusFrom(fs.statSync(path, { bigint: true })),
    statusOf: (fd) => statusFrom(fs.fstatSync(fd, { bigint: true })),
    changeMode: (fd, mode) => fs.fchmodSync(fd, mode),
    setTimes: (path, milliseconds) => fs.utimesSync(path, milliseconds / 1000, milliseconds / 1000),
    sync: (fd) => fs.fsyncSync(fd),
    syncData: (fd) => fs.fdatasyncSync(fd),
    rename: (from, to) => fs.renameSync(from, to),
    removeFile: (path) => fs.unlinkSync(path),
    makeFolder: (path, mode) => void fs.mkdirSync(path, { mode }),
    removeFolder: (path) => fs.rmdirSync(path),
    list: (path) =>
      fs.readdirSync(path, { withFileTypes: true }).map((entry) => ({
        name: entry.name,
        isFolder: entry.isDirectory(),
      })),
    readLink: (path) => fs.readlinkSync(path),
    fileSystem: (path) => fs.statfsSync(path).type,
    mayExecute(path) {
      try {
        fs.accessSync(path, fs.constants.X_OK);
        return true;
      } catch {
        return false;
      }
    },
  };
}

function statusFrom({ dev, ino, mode, mtimeNs, ctimeNs, size, nlink }: BigIntStats): FileStatus {
  return { dev, ino, mode: Number(mode), mtimeNs, ctimeNs, size, links: Number(nlink) };
}
