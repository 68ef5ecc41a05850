// Calls a plugin for many containers, a few at a time; started by portmap-scale.ts inside a host, as an
// executable of its own. stdin: a FillRequest.

import { readStdin } from '../pkg/sys/files/stdin.ts';
import { runProcess } from '../pkg/sys/process/process.ts';

/** A plugin, and one call of it for each container. */
export interface FillRequest {
  readonly file: string;
  readonly calls: readonly { readonly env: Readonly<Record<string, string>>; readonly stdin: string }[];
}

const AT_ONCE = 4;
const { file, calls }: FillRequest = JSON.parse(await readStdin());
const waiting = [...calls];

async function work(): Promise<void> {
  for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
    const { status, stdout } = await runProcess({ argv: [file], environment: call.env, stdin: call.stdin });
    if (status !== 0) throw new Error(`${file} ended with status ${status}: ${stdout}`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
