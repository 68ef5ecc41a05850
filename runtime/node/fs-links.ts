import { files } from '../../pkg/sys/files/files.ts';
import { LibcError } from '../../pkg/sys/libc.ts';
import { host } from '../host.ts';
import { call } from './fs-call.ts';

const PATH_MAX = 4096;

/** `fs.linkSync`. */
export function linkSync(present: string, added: string): void {
  call('link', `${present} ${added}`, present, added);
}

/** `fs.symlinkSync`. */
export function symlinkSync(target: string, path: string): void {
  call('symlink', path, target, path);
}

/** `fs.readlinkSync`. */
export function readlinkSync(path: string): string {
  return files().readLink(path);
}

/** `fs.realpathSync`. */
export function realpathSync(path: string): string {
  const buffer = new Uint8Array(PATH_MAX);
  if (host.libc('realpath')(path, buffer) <= 0) throw new LibcError(`realpath ${path}`, 2);
  return host.decode(buffer.subarray(0, buffer.indexOf(0)));
}
