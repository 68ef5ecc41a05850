import { thrownErrno } from '../errno.ts';
import { files } from './files.ts';

const STREAMS = { stdout: 1, stderr: 2 } as const;

/** Writes all of a text to stdout or stderr; rejects when the reader is gone. */
export async function writeOut(stream: keyof typeof STREAMS, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += files().write(STREAMS[stream], bytes.subarray(written));
    } catch (thrown) {
      if (thrownErrno(thrown) !== 'EAGAIN') throw thrown;
      // A caller that handed over a non-blocking pipe reads it at its own pace.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
