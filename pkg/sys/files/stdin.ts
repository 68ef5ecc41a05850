import { CniError, ErrorCode } from '../../types/error.ts';
import { thrownErrno, thrownText } from '../errno.ts';
import { files } from './files.ts';

/** A configuration larger than this is a mistake, and reading on would only cost memory. */
export const MAX_STDIN_BYTES = 8 * 1024 * 1024;

/** Nearly every configuration fits into the first piece; untouched memory costs time as well. */
const FIRST_PIECE_BYTES = 8 * 1024;
const PIECE_BYTES = 64 * 1024;

/** All of stdin as text, invalid UTF-8 replaced; throws a `CniError` when it cannot be read or is too large. */
export async function readStdin(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let room = new Uint8Array(FIRST_PIECE_BYTES);
  for (;;) {
    const length = await readSome(room);
    if (length === 0) break;
    chunks.push(room.subarray(0, length));
    size += length;
    room = length < room.length ? room.subarray(length) : new Uint8Array(PIECE_BYTES);
    if (size > MAX_STDIN_BYTES) {
      throw new CniError(ErrorCode.io, `error reading from stdin: more than ${MAX_STDIN_BYTES} bytes`);
    }
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(joined(chunks, size));
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** Reads once; a caller that handed over a non-blocking pipe is waited for. */
async function readSome(chunk: Uint8Array): Promise<number> {
  for (;;) {
    try {
      return files().read(0, chunk);
    } catch (thrown) {
      const errno = thrownErrno(thrown);
      if (errno === 'EINTR') continue;
      if (errno !== 'EAGAIN') throw new CniError(ErrorCode.io, `error reading from stdin: ${thrownText(thrown)}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
