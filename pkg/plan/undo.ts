import { causeErrno, type ErrnoName, thrownText } from '../sys/errno.ts';
import { PATIENCE, patienceFor } from '../sys/process/patience.ts';
import { shortened } from '../types/names-of.ts';
import { isIpAction, printAction } from './action.ts';
import type { IpDriver } from './driver.ts';
import type { PlacedAction } from './plan.ts';
import { ipRunOf } from './run-of.ts';
import type { Trace, TraceOutcome } from './trace.ts';

/** What taking something back may find: it has gone by itself. */
const GONE: readonly (ErrnoName | undefined)[] = ['ENOENT', 'ENODEV', 'ESRCH', 'EADDRNOTAVAIL', 'ENXIO'];

/** What each of them has even when those before have taken all the time. */
const SHORTEST_MS = 1_000;

/** Everything that taking back needs. */
export interface UndoContext {
  readonly driver: IpDriver;
  readonly trace: Trace | undefined;
  readonly onlyFilterPrograms?: boolean | undefined;
}

/**
 * Takes back what was done: every action is tried, whatever became of the ones before.
 *
 * @returns what could not be taken back, one line each
 */
export async function undoAll(actions: readonly PlacedAction[], given: UndoContext): Promise<string[]> {
  const deadline = performance.now() + PATIENCE.undo;
  const context: TimedContext = {
    ...given,
    // One that hangs must not keep the others from being tried.
    timeLeft: () => patienceFor(Math.max(SHORTEST_MS, Math.ceil(deadline - performance.now()))),
  };
  const leftovers: string[] = [];
  let rest = actions;
  while (rest.length > 0) rest = rest.slice(await undoSome(rest, leftovers, context));
  return leftovers;
}

interface TimedContext extends UndoContext {
  timeLeft(): number;
}

/** Takes back the first of these, and those that one process can do with it; gives how many were dealt with. */
async function undoSome(actions: readonly PlacedAction[], leftovers: string[], context: TimedContext): Promise<number> {
  const [first] = actions;
  if (first === undefined) return 0;
  const started = performance.now();
  const note = (one: PlacedAction, outcome: TraceOutcome, errno?: ErrnoName): void => {
    if (context.trace === undefined) return;
    const what = printAction(one.action, one.place).join('; ');
    context.trace([{ place: one.place.label, what, ms: performance.now() - started, outcome, errno }]);
  };
  const settle = (one: PlacedAction, errno: ErrnoName | undefined, reason: string): void => {
    const gone = GONE.includes(errno);
    note(one, gone ? 'gone already' : 'not undone', errno);
    if (!gone) leftovers.push(`${shortened(printAction(one.action, one.place).join('; '))} (${reason})`);
  };
  if (!isIpAction(first.action)) {
    try {
      const { onlyFilterPrograms } = context;
      await first.action.run({ place: first.place, timeoutMs: context.timeLeft(), onlyFilterPrograms });
      note(first, 'undone');
    } catch (thrown) {
      settle(first, causeErrno(thrown), thrownText(thrown));
    }
    return 1;
  }
  const commands = ipRunOf(actions);
  const run = await context.driver.run(first.place, commands, context.timeLeft());
  for (const one of actions.slice(0, run.done)) note(one, 'undone');
  if (run.failure === undefined) return run.taken;
  // In doubt none of them counts as done, and the rest is still tried.
  const concerned = actions.slice(run.done, run.doubtful ? run.taken : run.done + 1);
  for (const one of concerned) settle(one, run.failure.errno, run.failure.reason);
  return run.done + concerned.length;
}
