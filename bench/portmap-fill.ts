// Calls a plugin for many containers, a few at a time; started by portmap-scale.ts inside a host under the bundled
// runtime. stdin: a FillRequest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A plugin, and one call of it for each container. */
export interface FillRequest {
  readonly file: string;
  readonly calls: readonly { readonly env: Readonly<Record<string, string>>; readonly stdin: string }[];
}

const AT_ONCE = 4;
const { file, calls }: FillRequest = JSON.parse(readFileSync(0, 'utf8'));
const waiting = [...calls];

async function work(): Promise<void> {
  for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
    const child = spawn(file, [], { env: call.env, stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdin.end(call.stdin);
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`${file} ended with status ${status}: ${said}`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
