import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from '../netns/harness/place.ts';
import { BUILT_PLUGINS, type PluginCall, pluginEnvironment } from '../netns/harness/plugin.ts';
import { ERRORS, type FaultKind } from './faults-errors.ts';
import type { ResidentHost } from './faults-resident.ts';

/** One thing that a plugin asks of the kernel, and that can go wrong: the N-th call of its kind. */
export interface Point {
  readonly kind: FaultKind;
  readonly call: string;
  readonly ordinal: number;
  /** How long a request over netlink is. */
  readonly bytes?: number;
  /** The line of the trace. */
  readonly line: string;
}

/** A point with the error that it gets. */
export interface Fault {
  readonly point: Point;
  readonly errno: string;
}

/** Everything of a call that can fail, in its order. */
export async function pointsOf(host: ResidentHost, plugin: string, call: PluginCall): Promise<readonly Point[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-faults-'));
  try {
    const file = join(folder, 'trace');
    const { argv, options } = commandOf(plugin, call);
    const { exitCode, stdout, stderr } = await host.run(['strace', '-qq', '-yy', '-o', file, ...argv], options);
    if (exitCode !== 0) throw new Error(`${plugin} ${call.verb}: ${stdout}${stderr}`);
    return pointsIn(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The outcome of a call in which something failed. */
export interface Injected extends Outcome {
  /** Whether the fault came about: a call can be over before its turn. */
  readonly isHit: boolean;
}

/** Puts a call in which one thing fails. */
export async function callWithFault(
  host: ResidentHost,
  plugin: string,
  call: PluginCall,
  { point, errno }: Fault,
): Promise<Injected> {
  const { argv, options } = commandOf(plugin, call);
  const { hits, ...outcome } = await host.runWithFault(argv, options, {
    call: point.call,
    ordinal: point.ordinal,
    errno,
    refusedBytes: point.kind === 'refused' ? point.bytes : undefined,
  });
  return { ...outcome, isHit: hits > 0 };
}

/** All faults of a point. To who removes something, "it is not there" is no failure: it would have to be believed. */
export function faultsOf(point: Point, verb: string): readonly Fault[] {
  const isBelieved = (errno: string) => verb === 'DEL' && point.kind === 'refused' && GONE.includes(errno);
  return ERRORS[point.kind].filter((errno) => !isBelieved(errno)).map((errno) => ({ point, errno }));
}

const GONE = ['ENODEV', 'ENOENT'];

function commandOf(plugin: string, call: PluginCall) {
  const options = { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf), timeoutMs: 90_000 };
  return { argv: [join(BUILT_PLUGINS, plugin)], options };
}

/** Paths whose files are a plugin's business: state, namespaces, settings. */
const PLACE = /[<"]\/(?:run|var\/lib\/cni|proc\/sys)\//;
const OWN_NETNS = /"\/proc\/(?:thread-)?self\/(?:task\/\d+\/)?ns\/net"/;
const FILE_KINDS: Readonly<Record<string, FaultKind>> = {
  openat: 'open',
  open: 'open',
  read: 'read',
  getdents64: 'read',
  write: 'write',
  ftruncate: 'write',
  fchmod: 'write',
  utimensat: 'write',
  fsync: 'sync',
  fdatasync: 'sync',
  flock: 'lock',
  rename: 'rename',
  renameat: 'rename',
  renameat2: 'rename',
  unlink: 'remove',
  unlinkat: 'remove',
  rmdir: 'remove',
  mkdir: 'make',
  mkdirat: 'make',
};

/** Calls of the plugin's own, by what they are about; what its runtime does for itself is not among them. */
function pointsIn(trace: string): readonly Point[] {
  const seen = new Map<string, number>();
  const points: Point[] = [];
  const waiting = new Map<string, { call: string; ordinal: number; bytes: number; line: string }>();
  let hasConfig = false;
  for (const line of trace.split('\n')) {
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (call === undefined) continue;
    const ordinal = (seen.get(call) ?? 0) + 1;
    seen.set(call, ordinal);
    hasConfig ||= /^read\(0</.test(line);
    if (!hasConfig) continue;
    const socket = /^\w+\((\d+)<(?:NETLINK|socket):/.exec(line)?.[1];
    const length = /\) = (\d+)$/.exec(line)?.[1];
    if (socket !== undefined && /^send(?:to|msg)$/.test(call) && length !== undefined) {
      points.push({ kind: 'send', call, ordinal, line });
      waiting.set(socket, { call, ordinal, bytes: Number(length), line });
    } else if (socket !== undefined && /^recv(?:from|msg)$/.test(call) && length !== undefined) {
      points.push({ kind: 'receive', call, ordinal, line });
      const asked = waiting.get(socket);
      waiting.delete(socket);
      if (asked !== undefined && call === 'recvfrom') {
        points.push({ ...asked, kind: 'refused' });
      }
    } else if (call === 'setns') points.push({ kind: 'enter', call, ordinal, line });
    else if (call === 'socket' && line.includes('AF_NETLINK')) points.push({ kind: 'socket', call, ordinal, line });
    else if (PLACE.test(line) || OWN_NETNS.test(line)) {
      const kind = FILE_KINDS[call];
      const failed = /\) = -1 /.test(line);
      if (kind !== undefined && !failed) points.push({ kind: settingOr(kind, line), call, ordinal, line });
    }
  }
  return points;
}

function settingOr(kind: FaultKind, line: string): FaultKind {
  return line.includes('/proc/sys/') && kind !== 'read' ? 'setting' : kind;
}
