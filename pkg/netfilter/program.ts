import type { Netns } from '../netns/netns.ts';
import type { WorkContext } from '../plan/action.ts';
import { ProgramError } from '../sys/process/error.ts';
import { findProgram } from '../sys/process/find-program.ts';
import { PATIENCE, patienceFor } from '../sys/process/patience.ts';
import type { ProcessOutcome } from '../sys/process/process.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { shortened } from '../types/names-of.ts';
import type { ProgramAhead } from './ahead.ts';

/** The programs that the kernel's filter is changed with. */
export type Program = 'iptables' | 'ip6tables' | 'nft';

/** What a program is given to work on: on stdin, or as its last argument. */
export interface Input {
  readonly stdin?: string;
  readonly argument?: string;
}

/** Where programs run, and until when. */
export class Site {
  readonly place: Netns;
  /** Whether the kernel must not be told without a program. */
  readonly onlyPrograms: boolean;
  readonly #context: WorkContext;
  readonly #deadline: number;
  readonly #ahead: ProgramAhead | undefined;

  constructor(context: WorkContext, ahead?: ProgramAhead) {
    this.place = context.place;
    this.onlyPrograms = context.onlyFilterPrograms === true;
    this.#context = context;
    this.#ahead = ahead;
    this.#deadline = performance.now() + context.timeoutMs;
  }

  /** The same place with time of its own: for taking back what may be half done. */
  afresh(): Site {
    return new Site({ ...this.#context, timeoutMs: PATIENCE.undo });
  }

  /** The same place for the programs alone. */
  byPrograms(): Site {
    return new Site({ ...this.#context, timeoutMs: this.timeoutMs, onlyFilterPrograms: true });
  }

  /** What is left of the time. */
  get timeoutMs(): number {
    return patienceFor(Math.max(1, Math.ceil(this.#deadline - performance.now())));
  }

  /** Seconds to wait for the lock of iptables: less than there is time, so that iptables itself says why. */
  get lockSeconds(): number {
    return Math.min(30, Math.max(1, Math.floor(this.timeoutMs / 1000) - 1));
  }

  /** Runs a program to its end, however it ends. */
  async run(argv: readonly [string, ...string[]], input: Input = {}): Promise<ProcessOutcome> {
    if (input.stdin !== undefined && this.#ahead?.fits(argv) === true) return this.#ahead.give(input.stdin);
    const { argument, ...stdin } = input;
    const whole = argument === undefined ? argv : ([...argv, argument] as const);
    const diesWithUs = isChange(input);
    const { timeoutMs } = this;
    return this.place
      .start({ argv: whole, ...stdin, diesWithUs, timeoutMs, mostOutputBytes: MOST_LISTED_BYTES })
      .outcome();
  }
}

/** A listing of all rules of a node: some hundred thousand. It is the host's own, so nobody else makes it long. */
const MOST_LISTED_BYTES = 256 * 1024 * 1024;

/** What is still changed when this process has gone is not in any plan: whoever cleans up after it may look too early. */
function isChange({ stdin, argument }: Input): boolean {
  return stdin !== undefined || argument !== undefined;
}

/** How the programs say that somebody else was faster. */
const COLLISION = /temporarily unavailable|resource busy|interrupted|exist|no such file|no chain|line \d+ failed/i;

/** How iptables says that others held its lock for as long as it was to wait. */
const LOCKED = /holding the xtables lock/;

/** A program that ran and failed. */
export class FilterError extends CniError {
  readonly timedOut: boolean;
  /** Whether it was ended, also for that it hung: what it would have said is not known. */
  readonly wasEnded: boolean;
  /** What it printed on stderr. */
  readonly stderr: string;
  /** Whether the same may well succeed a moment later. */
  readonly transient: boolean;

  constructor(site: Site, argv: readonly string[], outcome: ProcessOutcome, given: Input | undefined) {
    const { status, signal, timedOut, stderr } = outcome;
    const end = timedOut ? 'timed out' : status === undefined ? `signal: ${signal}` : `exit status ${status}`;
    const text = given?.stdin ?? given?.argument;
    const input = text === undefined ? '' : `; its input: ${shortened(text.trim()).split('\n').join(' | ')}`;
    super(
      LOCKED.test(stderr) ? ErrorCode.tryAgain : ErrorCode.internal,
      `running [${argv.join(' ')}]: ${end}${stderr.trim() === '' ? '' : `: ${shortened(stderr.trim())}`}`,
      `network namespace: ${site.place.label}${input}`,
    );
    this.timedOut = timedOut;
    this.wasEnded = status === undefined;
    this.stderr = stderr;
    // Who changes the rules at the same time makes a transaction meet what it did not expect.
    this.transient = !timedOut && COLLISION.test(stderr);
  }
}

/**
 * Runs a program that has to succeed; gives its stdout.
 *
 * @throws {FilterError} when it fails
 * @throws {ProgramError} when it is not installed
 */
export async function runFilter(site: Site, argv: readonly [string, ...string[]], input?: Input): Promise<string> {
  const outcome = await site.run(argv, input);
  if (outcome.status !== 0) throw new FilterError(site, argv, outcome, input);
  return outcome.stdout;
}

/** Times that something is tried which others' changes can make fail. */
const ATTEMPTS = 6;

/** Does something anew, from its first look on, while it fails because of what others change at the same time. */
export async function retryOnConflict<T>(site: Site, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (thrown) {
      const pause = 10 * 2 ** failures * (0.5 + Math.random());
      const mayHelp = thrown instanceof FilterError && thrown.transient;
      if (!mayHelp || failures === ATTEMPTS || pause > site.timeoutMs) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Whether an error says that a program is not installed. */
export function isMissing(thrown: unknown): thrown is ProgramError {
  return thrown instanceof ProgramError;
}

/** The error of a missing program in the words that people search for, with the package that has it. */
export function missingProgram(program: Program, thrown: ProgramError, attempt = 'locate'): CniError {
  const what = program === 'nft' ? 'could not find nftables binary' : `failed to ${attempt} ${program}`;
  return new CniError(ErrorCode.internal, `${what}: ${reasonFor(program, thrown)}`, `install ${packageOf(program)}`, {
    cause: thrown,
  });
}

/** The package of a program, for people. */
export function packageOf(program: Program): string {
  const name = program === 'nft' ? 'nftables' : 'iptables';
  return `the package ${name} (on Debian: apt-get install ${name}), or set PATH for the runtime`;
}

/** People look for iptables when iptables-restore is what is missing. */
function reasonFor(program: Program, thrown: ProgramError): string {
  try {
    findProgram(program);
    return thrown.message;
  } catch (missing) {
    return missing instanceof Error ? missing.message : thrown.message;
  }
}
