import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../netns/harness/host.ts';
import type { Outcome } from '../netns/harness/place.ts';
import { BUILT_PLUGINS, type PluginCall, pluginEnvironment } from '../netns/harness/plugin.ts';
import { ERRORS, type FaultKind } from './faults-errors.ts';

/** One thing that a plugin asks of the kernel, and that can go wrong: the N-th call of its kind. */
export interface Point {
  readonly kind: FaultKind;
  readonly call: string;
  readonly ordinal: number;
  /** Of a request over netlink: how long it is, and which of the receiving calls gets its answer. */
  readonly request?: { readonly bytes: number; readonly answer: string; readonly answerOrdinal: number };
  /** The line of the trace. */
  readonly line: string;
}

/** A point with the error that it gets. */
export interface Fault {
  readonly point: Point;
  readonly errno: string;
}

/** Everything of a call that can fail, in its order. */
export async function pointsOf(host: Host, plugin: string, call: PluginCall): Promise<readonly Point[]> {
  const { outcome, trace } = await traced(host, plugin, call, []);
  if (outcome.exitCode !== 0) throw new Error(`${plugin} ${call.verb}: ${outcome.stdout}${outcome.stderr}`);
  return pointsIn(trace);
}

/** The outcome of a call in which something failed. */
export interface Injected extends Outcome {
  /** Whether the fault came about: a call can be over before its turn. */
  readonly isHit: boolean;
}

/**
 * A request that was not sent, and whose answer came to nobody: how often news of links is waited for is never quite
 * the same. Nothing can be said about the call.
 */
export class Misfire extends Error {}

/** Puts a call in which one thing fails. */
export async function callWithFault(host: Host, plugin: string, call: PluginCall, fault: Fault): Promise<Injected> {
  const { outcome, trace } = await traced(host, plugin, call, injection(fault));
  const hits = trace.match(/\(INJECTED/g)?.length ?? 0;
  if (fault.point.kind === 'refused' && outcome.exitCode === undefined && hits === 1)
    throw new Misfire(fault.point.line);
  return { ...outcome, isHit: hits > 0 };
}

/** All faults of a point. To who removes something, "it is not there" is no failure: it would have to be believed. */
export function faultsOf(point: Point, verb: string): readonly Fault[] {
  const isBelieved = (errno: string) => verb === 'DEL' && point.kind === 'refused' && GONE.includes(errno);
  return ERRORS[point.kind].filter((errno) => !isBelieved(errno)).map((errno) => ({ point, errno }));
}

const GONE = ['ENODEV', 'ENOENT'];

/** What is told to strace. A refused request is never sent, and what is received is the kernel's words for "no". */
function injection({ point, errno }: Fault): readonly string[] {
  const { call, ordinal, request } = point;
  if (point.kind !== 'refused') return ['-e', `inject=${call}:error=${errno}:when=${ordinal}`];
  if (request === undefined) throw new Error(`no request: ${point.line}`);
  const refusal = refusalOf(errno);
  return [
    ...['-e', `inject=${call}:retval=${request.bytes}:when=${ordinal}`],
    ...[
      '-e',
      `inject=${request.answer}:retval=${refusal.length}:poke_exit=@arg2=${refusal.toString('hex')}:when=${request.answerOrdinal}`,
    ],
  ];
}

const NUMBERS: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
};

/** `struct nlmsghdr` with `struct nlmsgerr`. */
function refusalOf(errno: string): Buffer {
  const number = NUMBERS[errno];
  if (number === undefined) throw new Error(`no number of ${errno}`);
  const message = Buffer.alloc(36);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(2, 4);
  message.writeInt32LE(-number, 16);
  return message;
}

async function traced(
  host: Host,
  plugin: string,
  call: PluginCall,
  args: readonly string[],
): Promise<{ readonly outcome: Outcome; readonly trace: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-faults-'));
  try {
    const file = join(folder, 'trace');
    const what = args.length === 0 ? [] : ['-e', `trace=${callsIn(args)}`];
    const argv = ['strace', '-qq', '-yy', '-o', file, ...what, ...args, join(BUILT_PLUGINS, plugin)];
    const options = {
      env: pluginEnvironment(call),
      stdin: JSON.stringify(call.conf),
      timeoutMs: args.length > 2 ? 8_000 : 90_000,
    };
    return { outcome: await host.run(argv, options), trace: readFileSync(file, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function callsIn(args: readonly string[]): string {
  return args.flatMap((arg) => /^inject=(\w+):/.exec(arg)?.[1] ?? []).join(',');
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
        const request = { bytes: asked.bytes, answer: call, answerOrdinal: ordinal };
        points.push({ kind: 'refused', call: asked.call, ordinal: asked.ordinal, request, line: asked.line });
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
