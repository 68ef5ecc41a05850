import { type Environment, findProgram, lookUpProgram } from './find-program.ts';
import { startWithNative } from './native.ts';
import { startWithNode } from './node.ts';
import { collect } from './outcome.ts';
import { PATIENCE, patienceFor } from './patience.ts';

/** A program to run: an argv, never a shell line. */
export interface ProcessRequest {
  /** The program (a path, or a name looked up by `findProgram`) and its arguments. */
  readonly argv: readonly [program: string, ...args: string[]];
  /** Text for its stdin, or a promise of it, which the program waits for; without it stdin is empty. */
  readonly stdin?: string | Promise<string>;
  /** Its whole environment; by default this process's own, with LC_ALL=C. */
  readonly environment?: Environment;
  /**
   * Whether it is killed when this process ends before it, however that ends: what it would still do then nobody would
   * know of. Needs setpriv(1); without it the program goes on.
   */
  readonly diesWithUs?: boolean;
  /** After this time it is killed, counted from when its input is there; 30 s by default. */
  readonly timeoutMs?: number;
  /** Beyond this much output it is killed; 16 MiB by default. */
  readonly mostOutputBytes?: number;
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

/** See {@link ProcessRequest}. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

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
  const path = findProgram(program, environment);
  const start = typeof Native === 'undefined' ? startWithNode : startWithNative;
  const guard = request.diesWithUs === true ? lookUpProgram('setpriv', environment) : undefined;
  const child =
    guard === undefined
      ? start(path, [program, ...args], environment, request.stdin)
      : start(guard, ['setpriv', '--pdeathsig', 'KILL', '--', path, ...args], environment, request.stdin);
  const input = typeof request.stdin === 'object' ? request.stdin : undefined;
  const { timeoutMs = patienceFor(PATIENCE.program), mostOutputBytes = MAX_OUTPUT_BYTES } = request;
  const outcome = collect(child, timeoutMs, mostOutputBytes, input);
  // Who starts several and fails before asking for this one's outcome must not bring the process down.
  outcome.catch(() => {});
  return { outcome: () => outcome };
}

/** Starts a program and waits for its end. */
export async function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  return startProcess(request).outcome();
}
