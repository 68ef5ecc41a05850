import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** The state of the machine that tests must leave as they found it: one line per thing. */
export type Snapshot = ReadonlySet<string>;

/** Set in the environment of a test run, so that processes it leaves behind are known by it. */
export const RUN_MARKER = 'CNI_TS_TEST_RUN';

const FOLDERS = ['/run/netns', '/run/cni-ts', '/var/lib/cni', '/etc/cni', '/opt/cni'];

/** Keys of `ip -j` that change by themselves. */
const VOLATILE = new Set(['valid_life_time', 'preferred_life_time', 'expires', 'operstate', 'flags']);

/** How long the kernel may take to let go of namespaces and links. */
const PATIENCE_MS = 3000;

/** Takes stock of network, files and the processes that carry this run's marker. */
export async function takeSnapshot(run: string): Promise<Snapshot> {
  const network = await Promise.all([...['link', 'addr', 'rule', 'route'].flatMap(listNetwork)]);
  const files = FOLDERS.flatMap((folder) => listFiles(folder).map((file) => `file ${file}`));
  return new Set([...network.flat(), ...files, ...listProcesses(run)]);
}

/** What a run left behind or took away, as lines that begin with `+` or `-`; waits a moment for the kernel. */
export async function differenceSince(before: Snapshot, run: string): Promise<readonly string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const difference = compare(before, await takeSnapshot(run));
    if (difference.length === 0 || Date.now() > deadline) return difference;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function compare(before: Snapshot, after: Snapshot): readonly string[] {
  const added = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  const removed = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`);
  return [...added, ...removed];
}

function listNetwork(object: string): readonly Promise<readonly string[]>[] {
  const extra = object === 'route' ? ['show', 'table', 'all'] : [];
  const families = object === 'link' || object === 'addr' ? [[]] : [['-4'], ['-6']];
  return families.map(async (family) => {
    const { stdout } = await execa('ip', ['-j', ...family, object, ...extra]);
    const found = JSON.parse(stdout === '' ? '[]' : stdout) as readonly object[];
    return found.map((item) => `${object} ${family.join('')} ${JSON.stringify(item, withoutVolatile)}`);
  });
}

function withoutVolatile(key: string, value: unknown): unknown {
  return VOLATILE.has(key) ? undefined : value;
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  } catch {
    return [];
  }
}

function listProcesses(run: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
        if (!environment.includes(`${RUN_MARKER}=${run}`)) return [];
        return [`process ${pid} ${readlinkSync(`/proc/${pid}/exe`)}`];
      } catch {
        return []; // It ended while it was looked at.
      }
    });
}
