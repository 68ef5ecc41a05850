import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  compareLines,
  distinctLines,
  NETWORK_STATE_SCRIPT,
  readNetworkState,
} from '../../../scripts/lib/network-state.ts';
import type { Host, Pod } from './host.ts';
import type { Place } from './place.ts';
import { lastingProcessesIn } from './processes.ts';

/** Everything that a plugin could leave on a host or take away from it: one line per thing. */
export type HostSnapshot = ReadonlySet<string>;

/** Which part of a host is looked at. */
export interface SnapshotOptions {
  /** Only these pods besides the host itself; by default all. */
  readonly pods?: readonly Pod[];
  /** Lines that do not count. */
  readonly ignore?: readonly RegExp[];
}

const FOLDERS = ['/run', '/var/lib/cni'];

/**
 * A lock that the iptables programs never remove; and the rule of portmap that keeps pods from 127.0.0.1, with the note of
 * who made it and its folders, which stay until GC finds nobody with a port.
 */
const ALWAYS_IGNORED = [
  /^file \/run\/xtables\.lock /,
  /^host nft table ip raw chain PREROUTING .*127\.0\.0\.0\/8/,
  /^host nft table ip cni_ts_localnet /,
  /^host iptables(?:-legacy)?-save \*raw -A PREROUTING -d 127\.0\.0\.0\/8 /,
  /^file \/run\/cni-ts\/attachments\/\.localnet(?:\/(?:guard|links))? /,
];

/** How long the kernel may take to let go of links and namespaces. */
const PATIENCE_MS = 3000;

/** Takes stock of a host: links, addresses, routes, rules, filter rules, files, namespaces and processes. */
export async function takeSnapshot(host: Host, options: SnapshotOptions = {}): Promise<HostSnapshot> {
  const pods = options.pods ?? host.pods;
  const network = await Promise.all([networkOf(host, 'host'), ...pods.map((pod) => networkOf(pod, pod.name))]);
  const others = host.pods.filter((pod) => !pods.includes(pod)).map((pod) => pod.path);
  const files = filesOf(host).filter((line) => {
    return !others.some((path) => line.startsWith(`file ${path} `));
  });
  const processes = (await lastingProcessesIn(host.pid, pods)).map(({ command }) => `process ${command}`);
  const ignore = [...ALWAYS_IGNORED, ...(options.ignore ?? [])];
  const lines = [...network.flat(), ...files, ...processes];
  return distinctLines(lines.filter((line) => !ignore.some((pattern) => pattern.test(line))));
}

/** Fails with the differences when something came or went; `what` says between which moments. */
export function expectUnchanged(before: HostSnapshot, after: HostSnapshot, what = 'the host changed'): void {
  const difference = compareLines(before, after);
  if (difference.length > 0) throw new Error([`${what}:`, ...difference].join('\n  '));
}

/** Fails when a host is not as it was and does not become so again in a moment. */
export async function expectRestored(host: Host, before: HostSnapshot, options: SnapshotOptions = {}): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  let after = await takeSnapshot(host, options);
  while (compareLines(before, after).length > 0 && performance.now() < deadline) {
    await setTimeout(50);
    after = await takeSnapshot(host, options);
  }
  expectUnchanged(before, after, `${host.name} is not as it was`);
}

async function networkOf(place: Place, label: string): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await place.run(['sh', '-c', NETWORK_STATE_SCRIPT]);
  // Its name may have gone, and an empty list would read as if all in it had gone by itself.
  if (exitCode !== 0) return [`${label} cannot be read: ${stderr.trim()}`];
  return readNetworkState(stdout).map((line) => `${label} ${line}`);
}

/** The files of a host that plugins write: one line each. */
export function filesOf(host: Host): readonly string[] {
  return FOLDERS.flatMap((folder) => listFiles(host.root, folder));
}

function listFiles(root: string, folder: string): readonly string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.map((name) => {
    const path = join(folder, name);
    return `file ${path} ${describeFile(join(root, path))}`;
  });
}

/** Enough to see that a file is another one: its kind, mode and, where it is short, its text. */
function describeFile(path: string): string {
  const found = lstatSync(path);
  const mode = (found.mode & 0o7777).toString(8);
  if (found.isDirectory()) return `folder ${mode}`;
  if (found.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  // Reading a pipe, a socket or a namespace would block or say nothing.
  if (!found.isFile() || path.includes('/run/netns/')) return `special ${mode}`;
  const content = readFileSync(path);
  if (content.length <= 200) return `${mode} ${JSON.stringify(content.toString())}`;
  return `${mode} ${content.length} bytes, sha256 ${createHash('sha256').update(content).digest('hex')}`;
}
