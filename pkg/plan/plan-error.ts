import { type ErrnoName, errnoText } from '../sys/errno.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { shortened } from '../types/names-of.ts';
import { printAction } from './action.ts';
import type { IpFailure } from './driver.ts';
import type { Step } from './plan.ts';

/** A plan that did not come to its end; what it had done before was taken back. */
export class PlanError extends CniError {
  /** The kernel's error, when the failure was one. */
  readonly errno: ErrnoName | undefined;
  /** The step that failed; `undefined` when the plan was interrupted between two. */
  readonly step: Step | undefined;
  /** What could not be taken back, one line each. */
  readonly leftovers: readonly string[];
  /** Outputs of the steps with a `capture` that were done. */
  readonly captures: ReadonlyMap<string, unknown>;

  constructor(stop: Stop, hint: string, leftovers: readonly string[], captures: ReadonlyMap<string, unknown>) {
    super(codeFor(stop), messageFor(stop), detailsFor(stop, hint, leftovers), { cause: stop.cause });
    this.errno = stop.failure.errno;
    this.step = stop.step;
    this.leftovers = leftovers;
    this.captures = captures;
  }
}

/** The error of a plan that stopped, with what its failure means. */
export async function planError(
  stop: Stop,
  leftovers: readonly string[],
  captures: ReadonlyMap<string, unknown>,
): Promise<PlanError> {
  const { hint } = stop.failure;
  return new PlanError(stop, typeof hint === 'string' ? hint : await hint(), leftovers, captures);
}

/** Why a plan stopped. */
export interface Stop {
  readonly step: Step | undefined;
  readonly failure: IpFailure;
  readonly cause?: unknown;
}

/** That the same may succeed a moment later is for the runtime to know; all else is the plan's own failure. */
function codeFor({ cause }: Stop): number {
  return cause instanceof CniError && cause.code === ErrorCode.tryAgain ? cause.code : ErrorCode.internal;
}

function messageFor({ step, failure }: Stop): string {
  const reason = failure.errno === undefined ? failure.reason : errnoText(failure.errno);
  // An action may say by itself what failed.
  if (step === undefined || step.failing === '') return reason;
  return `${step.failing ?? shortened(printAction(step.action, step.place).join('; '))}: ${reason}`;
}

function detailsFor({ step, failure }: Stop, hint: string, leftovers: readonly string[]): string {
  const parts: string[] = [];
  if (step !== undefined) {
    parts.push(`failed command: ${shortened(printAction(step.action, step.place).join('; '))}`);
    parts.push(`network namespace: ${step.place.label}`);
    parts.push(`reason: ${failure.reason}`);
  }
  if (hint !== '') parts.push(hint);
  if (leftovers.length > 0) parts.push(`could not be undone: ${leftovers.join(', ')}`);
  return parts.join('; ');
}
