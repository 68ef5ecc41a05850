import { causeErrno, thrownText } from '../sys/errno.ts';
import { PATIENCE, patienceFor } from '../sys/process/patience.ts';
import { toCniError } from '../types/error.ts';
import { isIpAction, printAction, type WorkAction, type WorkContext } from './action.ts';
import type { IpDriver, IpFailure, IpRun } from './driver.ts';
import { nativeDriver } from './native-driver.ts';
import type { PlacedAction, Plan, Step } from './plan.ts';
import { planError, type Stop } from './plan-error.ts';
import { ipRunOf } from './run-of.ts';
import type { Trace, TraceOutcome } from './trace.ts';
import { undoAll } from './undo.ts';

/** How a plan is carried out. */
export interface RunOptions {
  /** Takes one entry for every step. */
  readonly trace?: Trace | undefined;
  /** For the whole plan; what is left of it is each process's limit. 60 s by default. */
  readonly timeoutMs?: number;
  /** When it fires, the plan stops after the running step and takes back what it did. */
  readonly signal?: { readonly aborted: boolean };
  /** Who carries out `ip` commands; by default the native driver, which leaves to `ip` what it does not know. */
  readonly driver?: IpDriver;
  /** See {@link WorkContext}. */
  readonly onlyFilterPrograms?: boolean | undefined;
}

/** A plan that was carried out. */
export interface PlanRun {
  /** Outputs of the steps with a `capture`, by its name. */
  readonly captures: ReadonlyMap<string, unknown>;
  /** Takes everything back after all; gives what could not be, one line each. A second call finds nothing to do. */
  undo(): Promise<string[]>;
}

/** How long the event loop may have to wait for its turn. */
const TURN_MS = 5;

/**
 * Carries out a plan. When a step fails, all that was done before is taken back in reverse order.
 *
 * @throws {PlanError} naming the command, the namespace, the kernel's reason, and what could not be taken back
 * @example
 * const run = await runPlan(plan, { trace: traceFrom(environment, 'bridge') });
 * try {
 *   await announce();
 * } catch (error) {
 *   await run.undo();
 *   throw error;
 * }
 */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<PlanRun> {
  const execution = new Execution(options);
  await execution.plan(plan);
  const { stop } = execution;
  if (stop !== undefined) throw await planError(stop, await execution.undo(), execution.captures);
  return { captures: execution.captures, undo: () => execution.undo() };
}

class Execution {
  readonly captures = new Map<string, unknown>();
  /** The first failure; once it is there no group begins another step. */
  stop: Stop | undefined;
  /** How to take back what was done, in the order it was done. */
  #journal: (readonly PlacedAction[])[] = [];
  #batches = 0;
  #lastTurn = performance.now();
  readonly #driver: IpDriver;
  readonly #trace: Trace | undefined;
  readonly #signal: { readonly aborted: boolean } | undefined;
  readonly #onlyFilterPrograms: boolean | undefined;
  readonly #deadline: number;

  constructor(options: RunOptions) {
    this.#driver = options.driver ?? nativeDriver;
    this.#trace = options.trace;
    this.#signal = options.signal;
    this.#onlyFilterPrograms = options.onlyFilterPrograms;
    this.#deadline = performance.now() + (options.timeoutMs ?? PATIENCE.plan);
  }

  async plan(plan: Plan): Promise<void> {
    let at = 0;
    while (at < plan.items.length && (await this.#mayGoOn())) {
      const item = plan.items[at];
      if (item === undefined) return;
      if (!('action' in item)) {
        // None of them rejects: a group that fails leaves its reason in `stop`.
        const groups: Promise<void>[] = [];
        for (const group of item) groups.push(this.plan(group));
        for (const group of groups) await group;
        at += 1;
      } else if (isIpAction(item.action)) {
        at += await this.#commands(stepsFrom(plan, at));
      } else {
        await this.#work(item, item.action);
        at += 1;
      }
    }
  }

  async undo(): Promise<string[]> {
    const journal = this.#journal.reverse().flat();
    this.#journal = [];
    return undoAll(journal, {
      driver: this.#driver,
      trace: this.#trace,
      onlyFilterPrograms: this.#onlyFilterPrograms,
    });
  }

  async #mayGoOn(): Promise<boolean> {
    if (this.#signal !== undefined) await this.#letSignalsIn();
    if (this.#signal?.aborted) this.#fail(undefined, { errno: undefined, reason: 'interrupted', hint: '' });
    return this.stop === undefined;
  }

  /** Signal handlers get their turn only when the event loop does, and that costs more than a step. */
  async #letSignalsIn(): Promise<void> {
    if (performance.now() - this.#lastTurn < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastTurn = performance.now();
  }

  get #timeLeft(): number {
    return patienceFor(Math.max(1, Math.ceil(this.#deadline - performance.now())));
  }

  /** Does the first of these commands and those that one process can do with it; gives how many are dealt with. */
  async #commands(steps: readonly Step[]): Promise<number> {
    const [first] = steps;
    if (first === undefined) return 0;
    const started = performance.now();
    const commands = ipRunOf(steps);
    const run = await this.#driver.run(first.place, commands, this.#timeLeft).catch((thrown: unknown): IpRun => {
      const failure = { errno: undefined, reason: thrownText(thrown), hint: '' };
      return { taken: commands.length, done: 0, outputs: new Map(), failure, doubtful: true };
    });
    const took = steps.slice(0, run.taken);
    let index = 0;
    for (const step of took.slice(0, run.done)) this.#done(step, [], run.outputs.get(index++));
    const failed = took[run.done];
    const tolerated =
      failed !== undefined && run.failure !== undefined && !run.doubtful && tolerates(failed, run.failure);
    this.#note(
      took,
      started,
      (index) => {
        if (index < run.done) return 'ok';
        if (run.doubtful) return 'unknown';
        if (index > run.done) return 'not run';
        return tolerated ? 'tolerated' : 'failed';
      },
      run.failure,
    );
    if (run.failure === undefined) return run.taken;
    if (tolerated) return run.done + 1;
    if (run.doubtful) for (const step of took.slice(run.done)) this.#perhapsDone(step);
    this.#fail(run.doubtful && took.length > 1 ? batchAsStep(took) : failed, run.failure);
    return run.taken;
  }

  async #work(step: Step, action: WorkAction): Promise<void> {
    const started = performance.now();
    try {
      const onlyFilterPrograms = this.#onlyFilterPrograms;
      const context: WorkContext = { place: step.place, timeoutMs: this.#timeLeft, onlyFilterPrograms };
      const result = await action.run(context);
      const undo: PlacedAction[] = [];
      for (const action of result.undo ?? []) undo.push({ place: step.place, action });
      this.#done(step, undo, result.output);
      this.#note([step], started, () => 'ok');
    } catch (thrown) {
      const error = toCniError(thrown);
      const failure = { errno: causeErrno(thrown), reason: thrownText(thrown), hint: error.details };
      const tolerated = tolerates(step, failure);
      this.#note([step], started, () => (tolerated ? 'tolerated' : 'failed'), failure);
      if (!tolerated) this.#fail(step, failure, thrown);
    }
  }

  #done(step: Step, found: readonly PlacedAction[], output: unknown): void {
    const undo = [...found, ...step.undo];
    if (undo.length > 0) this.#journal.push(undo);
    if (step.capture !== undefined) this.captures.set(step.capture, output);
  }

  /** What others may have made is left alone when it is not known who made it. */
  #perhapsDone(step: Step): void {
    if (tolerates(step, { errno: 'EEXIST' }) || step.undo.length === 0) return;
    this.#journal.push(step.undo);
  }

  #fail(step: Step | undefined, failure: IpFailure, cause?: unknown): void {
    this.stop ??= { step, failure, cause };
  }

  #note(steps: readonly Step[], started: number, outcome: (index: number) => TraceOutcome, failure?: IpFailure): void {
    if (this.#trace === undefined) return;
    this.#batches += 1;
    const batch = this.#batches;
    const ms = Math.round((performance.now() - started) * 1000) / 1000;
    this.#trace(
      steps.map((step, index) => {
        const became = outcome(index);
        const errno = became === 'failed' || became === 'tolerated' ? failure?.errno : undefined;
        const what = printAction(step.action, step.place).join('; ');
        return { place: step.place.label, what, ms, outcome: became, errno, batch };
      }),
    );
  }
}

/** The steps from one on, up to the next groups. */
function stepsFrom(plan: Plan, at: number): Step[] {
  const steps: Step[] = [];
  for (let index = at; index < plan.items.length; index++) {
    const item = plan.items[index];
    if (item === undefined || !('action' in item)) break;
    steps.push(item);
  }
  return steps;
}

function tolerates(step: Step, failure: Pick<IpFailure, 'errno'>): boolean {
  if (step.tolerate === 'any') return true;
  return failure.errno !== undefined && step.tolerate.includes(failure.errno);
}

/** The step to name when any of several may have failed. */
function batchAsStep(steps: readonly Step[]): Step | undefined {
  const [first] = steps;
  if (first === undefined) return undefined;
  const lines = steps.flatMap((step) => [...printAction(step.action, step.place)]);
  const action: WorkAction = { kind: 'batch', print: () => lines, run: () => ({}) };
  return { ...first, action, failing: `one of ${steps.length} ip commands failed` };
}
