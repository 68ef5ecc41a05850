import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { compareLines, distinctLines, NETWORK_STATE_SCRIPT, readNetworkState } from './network-state.ts';

/** The state of the machine that tests must leave as they found it: one line per thing. */
export type Snapshot = ReadonlySet<string>;

/** Set in the environment of a test run, so that processes it leaves behind are known by it. */
export const RUN_MARKER = 'CNI_TS_TEST_RUN';

const FOLDERS = ['/run/netns', '/run/cni-ts', '/var/lib/cni', '/etc/cni', '/opt/cni'];

/** How long the kernel may take to let go of namespaces and links. */
const PATIENCE_MS = 3000;

/** Takes stock of network, files, cgroups of containers and the processes that carry this run's marker. */
export async function takeSnapshot(run: string): Promise<Snapshot> {
  const { stdout } = await execa('sh', ['-c', NETWORK_STATE_SCRIPT]);
  const files = FOLDERS.flatMap((folder) => listFiles(folder).map((file) => `file ${file}`));
  return distinctLines([...readNetworkState(stdout), ...files, ...listCgroups(), ...listProcesses(run)]);
}

/** What a run left behind or took away, as lines that begin with `+` or `-`; waits a moment for the kernel. */
export async function differenceSince(before: Snapshot, run: string): Promise<readonly string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const difference = compareLines(before, await takeSnapshot(run));
    if (difference.length === 0 || Date.now() > deadline) return difference;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  } catch {
    return [];
  }
}

/** Groups that container runtimes make, their own or those that tests name; others come and go with the machine's services. */
function listCgroups(): readonly string[] {
  const roots = ['/sys/fs/cgroup', ...listFolder('/sys/fs/cgroup')];
  const groups = [...new Set(roots.flatMap(listFolder))];
  return groups
    .filter((path) => /\/(?:cni-ts-|k8s\.io|default|libpod)[^/]*$/.test(path))
    .map((path) => `cgroup ${path}`);
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return []; // A file, or a group that is gone by now.
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
