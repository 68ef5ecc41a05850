import { CniError, ErrorCode } from '../types/error.ts';

/** A configuration larger than this is a mistake, and reading on would only cost memory. */
export const MAX_STDIN_BYTES = 8 * 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** All of stdin as text, invalid UTF-8 replaced; throws a `CniError` when it cannot be read or is too large. */
export async function readStdin(): Promise<string> {
  const { readSync } = process.getBuiltinModule('node:fs');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const length = await readSome(() => readSync(0, chunk));
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    size += length;
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
async function readSome(read: () => number): Promise<number> {
  for (;;) {
    try {
      return read();
    } catch (thrown) {
      if (!isAgain(thrown)) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        throw new CniError(ErrorCode.io, `error reading from stdin: ${why}`);
      }
      await pause();
    }
  }
}

/** Writes all of a text to stdout or stderr; throws when the reader is gone. */
export async function writeOut(descriptor: 1 | 2, text: string): Promise<void> {
  const { writeSync } = process.getBuiltinModule('node:fs');
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (thrown) {
      if (!isAgain(thrown)) throw thrown;
      await pause();
    }
  }
}

function isAgain(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN';
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
