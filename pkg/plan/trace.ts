import { OPEN } from '../sys/files/calls.ts';
import { files, writeText } from '../sys/files/files.ts';

/** What became of a step. */
export type TraceOutcome =
  | 'ok'
  | 'tolerated'
  | 'failed'
  | 'unknown'
  | 'not run'
  | 'undone'
  | 'gone already'
  | 'not undone';

/** One line of a trace. */
export interface TraceEntry {
  /** `host`, or the path of the namespace. */
  readonly place: string;
  /** The line that a person would type. */
  readonly what: string;
  /** Duration of the step, or of the whole batch that it was in. */
  readonly ms: number;
  readonly outcome: TraceOutcome;
  readonly errno?: string | undefined;
  /** Steps with the same number shared a process. */
  readonly batch?: number;
}

/** Takes the entries of steps that ended together. */
export type Trace = (entries: readonly TraceEntry[]) => void;

/**
 * The trace that `CNI_TS_TRACE` asks for: JSON lines appended to the file it names; `undefined` when it is not set.
 *
 * @example
 * await runPlan(plan, { trace: traceFrom(call.environment, 'bridge') });
 */
export function traceFrom(
  environment: Readonly<Record<string, string | undefined>>,
  plugin?: string,
): Trace | undefined {
  const path = environment['CNI_TS_TRACE'];
  if (path === undefined || path === '') return undefined;
  return (entries) => {
    const time = new Date().toISOString();
    const lines = entries.map((entry) => `${JSON.stringify({ time, plugin, ...entry })}\n`);
    try {
      // One write in append mode: lines of plugins that run at the same time do not mix. A link or a pipe that somebody
      // has put in its place, which may be in a folder for everybody, leads nowhere.
      const flags = OPEN.write | OPEN.create | OPEN.append | OPEN.noFollow | OPEN.nonBlocking;
      const fd = files().open(path, flags, 0o600);
      try {
        writeText(fd, lines.join(''));
      } finally {
        files().close(fd);
      }
    } catch {
      // A trace is for looking on; it must not change what happens.
    }
  };
}
