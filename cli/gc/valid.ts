import { isObject } from '../../pkg/json/decode.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { readExistingFile } from '../../pkg/sys/files/files.ts';
import { readStdin } from '../../pkg/sys/files/stdin.ts';
import { runProcess } from '../../pkg/sys/process/process.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { quote } from '../../pkg/types/quote.ts';

/** Tells whether a runtime has named a container. */
export type IsValid = (containerId: string) => boolean;

const PROGRAMS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  crictl: ['crictl', 'pods', '-o', 'json'],
  podman: ['podman', 'ps', '--format', 'json'],
};
/** As much of an id as runtimes print when they shorten it. */
const SHORT_ID = 12;
/** Sandboxes and containers in these states have no network any more. */
const ENDED = ['SANDBOX_NOTREADY', 'exited', 'stopped'];
const TIMEOUT_MS = 60_000;

/** Reads which containers a runtime knows: from the runtime's own program, a file, or stdin (`-`). */
export async function readValid(source: string, environment: Environment): Promise<IsValid> {
  const ids = idsIn(await readSource(source, environment), source);
  const whole = new Set(ids);
  const short = ids.filter((id) => id.length >= SHORT_ID && id.length < 64);
  return (containerId) => whole.has(containerId) || short.some((id) => containerId.startsWith(id));
}

async function readSource(source: string, environment: Environment): Promise<string> {
  if (source === '-') return readStdin();
  const argv = Object.hasOwn(PROGRAMS, source) ? PROGRAMS[source] : undefined;
  if (argv === undefined) return readExistingFile(source);
  const { status, stdout, stderr } = await runProcess({ argv, environment, timeoutMs: TIMEOUT_MS });
  // Half an answer would make living containers dead ones.
  if (status === 0) return stdout;
  throw new CniError(ErrorCode.io, `${argv.join(' ')} ended with status ${status}: ${stderr.trim()}`);
}

/** The ids in what `crictl pods -o json` or `podman ps --format json` prints, or one on each line. */
export function idsIn(text: string, source: string): readonly string[] {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return idsOnLines(trimmed, source);
  let document: unknown;
  try {
    document = JSON.parse(trimmed);
  } catch (thrown) {
    throw unreadable(source, `not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const items = isObject(document) ? document['items'] : document;
  if (!Array.isArray(items)) throw unreadable(source, 'an object without "items"');
  return items.flatMap((item: unknown, index) => {
    const id = isObject(item) ? (item['id'] ?? item['Id']) : item;
    if (typeof id !== 'string' || id === '') throw unreadable(source, `no "id" in element ${index}`);
    const state = isObject(item) ? (item['state'] ?? item['State']) : undefined;
    return ENDED.includes(String(state)) ? [] : [id];
  });
}

function idsOnLines(text: string, source: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const id = line.trim();
    // A table, or a message.
    if (/\s/.test(id)) throw unreadable(source, quote(id));
    return id === '' ? [] : [id];
  });
}

function unreadable(source: string, found: string): CniError {
  const expected = 'expected what "crictl pods -o json" or "podman ps --format json" prints, or an id on each line';
  return new CniError(ErrorCode.decoding, `cannot read the valid containers in ${source}: found ${found}`, expected);
}
