import { OPEN } from '../../pkg/sys/files/calls.ts';
import { files, writeBytes } from '../../pkg/sys/files/files.ts';
import { host } from '../host.ts';

/** `fs.readFileSync`. */
export function readFileSync(from: string | number, encoding?: 'utf8'): Buffer | string {
  const fd = typeof from === 'string' ? files().open(from) : from;
  try {
    const bytes = readAll(fd);
    return encoding === undefined ? bytes : bytes.toString(encoding);
  } finally {
    if (typeof from === 'string') files().close(fd);
  }
}

/** Until nothing comes any more: files of the kernel say that they are empty. */
function readAll(fd: number): Buffer {
  let bytes = new Uint8Array(Math.max(4096, Number(files().statusOf(fd).size) + 1));
  let length = 0;
  for (;;) {
    const read = files().read(fd, bytes.subarray(length));
    if (read === 0) return Buffer.from(bytes.buffer, 0, length);
    length += read;
    if (length < bytes.length) continue;
    const larger = new Uint8Array(bytes.length * 2);
    larger.set(bytes);
    bytes = larger;
  }
}

/** `fs.writeFileSync`. */
export function writeFileSync(path: string, data: string | Uint8Array, { mode = 0o666 } = {}): void {
  const fd = files().open(path, OPEN.write | OPEN.create | OPEN.truncate, mode);
  try {
    writeBytes(fd, typeof data === 'string' ? host.encode(data) : data);
  } finally {
    files().close(fd);
  }
}
