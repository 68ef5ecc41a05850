import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../harness/host.ts';
import type { Outcome } from '../harness/place.ts';
import { BUILT_PLUGINS, type PluginCall, pluginEnvironment } from '../harness/plugin.ts';
import { expectRestored, takeSnapshot } from '../harness/snapshot.ts';

/** One system call of a plugin: the N-th of its kind in its thread. */
export interface Moment {
  readonly call: string;
  readonly ordinal: number;
  readonly line: string;
}

/** Calls that change something, or enter where something is changed. */
const STEPS = [
  'sendto',
  'setns',
  'socket',
  'write',
  'rename',
  'renameat',
  'mkdir',
  'mkdirat',
  'unlink',
  'unlinkat',
  'flock',
  'fdatasync',
  'execve',
  'rmdir',
];

/** Files whose opening is a step. */
const PLACES = /"\/(?:run|var\/lib\/cni|proc\/sys|proc\/thread-self)\//;

/** Runs a plugin and tells every step that it takes: all system calls with which it reaches anything. */
export async function momentsOf(host: Host, plugin: string, call: PluginCall): Promise<readonly Moment[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-moments-'));
  try {
    const trace = join(folder, 'trace');
    const outcome = await traced(host, plugin, call, ['-f', '-o', trace]);
    if (outcome.exitCode !== 0) throw new Error(`${plugin} ${call.verb}: ${outcome.stdout}${outcome.stderr}`);
    return stepsIn(readFileSync(trace, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a plugin in which something happens at a moment: `signal=SIGKILL`, `error=EIO`. */
export function interfere(
  host: Host,
  plugin: string,
  call: PluginCall,
  moment: Moment,
  what: string,
): Promise<Outcome> {
  const inject = `inject=${moment.call}:${what}:when=${moment.ordinal}`;
  // Not in the programs that it runs: then what takes back would fail as well.
  return traced(host, plugin, call, ['-o', '/dev/null', '-e', `trace=${moment.call}`, '-e', inject]);
}

/**
 * Has something happen at each of these moments, one after another; after each the host and its pods have to be as
 * before the first, so that one pod is as good as a fresh one for each. What `happen` gives is told when they are not.
 */
export async function atEach(
  host: Host,
  moments: readonly Moment[],
  ignore: readonly RegExp[],
  happen: (moment: Moment) => Promise<string>,
): Promise<void> {
  const before = await takeSnapshot(host, { ignore });
  for (const moment of moments) {
    const said = await happen(moment);
    await expectRestored(host, before, { ignore }).catch((thrown: unknown) => {
      throw new Error(`${moment.line}\n${said}\n${String(thrown)}`);
    });
  }
}

/**
 * The moments that one of several fates is tried at: all from the first that `known`, the moments of a call that all
 * fates are tried with, has not got; of those before, which are the same there, each fate takes its share in turn.
 */
export function shareOf(
  fate: number,
  fates: number,
  moments: readonly Moment[],
  known: readonly Moment[],
): readonly Moment[] {
  const parting = moments.findIndex(({ call }, index) => call !== known[index]?.call);
  return moments.filter((_, index) => index % fates === fate || (parting !== -1 && index >= parting));
}

function traced(host: Host, plugin: string, call: PluginCall, args: readonly string[]): Promise<Outcome> {
  const argv = ['strace', '-qq', ...args, join(BUILT_PLUGINS, plugin)];
  return host.run(argv, { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf), timeoutMs: 60_000 });
}

/** Only those of the plugin itself: the programs that it runs are not its steps. */
function stepsIn(trace: string): readonly Moment[] {
  const own = /^(\d+) /.exec(trace)?.[1];
  const seen = new Map<string, number>();
  const moments: Moment[] = [];
  let hasConfig = false;
  for (const line of trace.split('\n')) {
    const [, thread, call = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (thread !== own) continue;
    const ordinal = (seen.get(call) ?? 0) + 1;
    seen.set(call, ordinal);
    // Until it has its configuration it is only starting.
    hasConfig ||= / read\(0, "/.test(line);
    if (hasConfig && (STEPS.includes(call) || (call === 'openat' && PLACES.test(line))))
      moments.push({ call, ordinal, line });
  }
  return moments;
}
