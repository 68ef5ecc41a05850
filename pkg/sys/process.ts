import { isRegularFile } from './file-calls.ts';
import { files, statusOf } from './files.ts';
import { PATIENCE, patienceFor } from './patience.ts';
import { ProgramError } from './process-error.ts';
import { startWithNative } from './process-native.ts';
import { startWithNode } from './process-node.ts';
import { collect } from './process-outcome.ts';

/** A program to run: an argv, never a shell line. */
export interface ProcessRequest {
  /** The program (a path, or a name looked up in PATH and then in the usual system folders) and its arguments. */
  readonly argv: readonly [program: string, ...args: string[]];
  /** Text for its stdin, or a promise of it, which the program waits for; without it stdin is empty. */
  readonly stdin?: string | Promise<string>;
  /** Its whole environment; by default this process's own, with LC_ALL=C. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * Whether it is killed when this process ends before it, however that ends: what it would still do then nobody would
   * know of. Needs setpriv(1); without it the program goes on.
   */
  readonly diesWithUs?: boolean;
  /** After this time it is killed, counted from when its input is there; 30 s by default. */
  readonly timeoutMs?: number;
}

/** How a program ended. */
export interface ProcessOutcome {
  /** Exit status; `undefined` when a signal ended it. */
  readonly status: number | undefined;
  /** The signal that ended it. */
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that has been started. */
export interface Running {
  /**
   * Waits for its end. Rejects only when the program could not be run at all; a failing one is an ordinary outcome.
   * Safe to call more than once.
   */
  outcome(): Promise<ProcessOutcome>;
}

/** Beyond this much output a program is killed. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Where programs are looked for when PATH does not have them: runtimes like to start plugins with a bare PATH. */
const SYSTEM_FOLDERS = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Starts a program. The fork happens before this returns, so the caller may be inside another namespace
 * just for the call.
 *
 * @throws {ProgramError} when there is no such program
 * @example
 * const running = startProcess({ argv: ['ip', '-j', 'link', 'show'] });
 * const { stdout } = await running.outcome();
 */
export function startProcess(request: ProcessRequest): Running {
  const environment = request.environment ?? { ...process.env, LC_ALL: 'C' };
  const [program, ...args] = request.argv;
  const path = findProgram(program, environment['PATH']);
  const start = typeof Native === 'undefined' ? startWithNode : startWithNative;
  const guard = request.diesWithUs === true ? lookUp('setpriv', environment['PATH'] ?? '') : null;
  const child =
    guard === null
      ? start(path, [program, ...args], environment, request.stdin)
      : start(guard, ['setpriv', '--pdeathsig', 'KILL', '--', path, ...args], environment, request.stdin);
  const input = typeof request.stdin === 'object' ? request.stdin : undefined;
  const outcome = collect(child, request.timeoutMs ?? patienceFor(PATIENCE.program), MAX_OUTPUT_BYTES, input);
  // Who starts several and fails before asking for this one's outcome must not bring the process down.
  outcome.catch(() => {});
  return { outcome: () => outcome };
}

/** Starts a program and waits for its end. */
export async function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  return startProcess(request).outcome();
}

/**
 * The file that a program's name stands for: a path as it is, a name looked up in PATH and the system folders.
 *
 * @throws {ProgramError} when there is none
 */
export function findProgram(program: string, path = process.env['PATH'] ?? ''): string {
  if (program.includes('/')) return program;
  const found = lookUp(program, path);
  if (found === null) throw new ProgramError(program, 'executable file not found in $PATH');
  return found;
}

/** Whether there is a program of that name. */
export function hasProgram(program: string, path = process.env['PATH'] ?? ''): boolean {
  return lookUp(program, path) !== null;
}

function lookUp(program: string, path: string): string | null {
  const folders = path === '' ? SYSTEM_FOLDERS : `${path}:${SYSTEM_FOLDERS}`;
  return findExecutable(program, folders);
}

/** The first executable file of this name in a colon-separated list of folders. */
function findExecutable(program: string, folders: string): string | null {
  for (const folder of folders.split(':')) {
    const path = `${folder}/${program}`;
    if (!folder.startsWith('/') || !files().mayExecute(path)) continue;
    const status = statusOf(path);
    if (status !== undefined && isRegularFile(status)) return path;
  }
  return null;
}
