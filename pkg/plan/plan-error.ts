import { type ErrnoName, errnoText } from '../sys/errno.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { printAction } from './action.ts';
import type { IpFailure } from './hand.ts';
import type { Step } from './plan.ts';

/** A plan that did not come to its end; what it had done before was taken back. */
export class PlanError extends CniError {
  /** The kernel's error, when the failure was one. */
  readonly errno: ErrnoName | undefined;
  /** The step that failed; `undefined` when the plan was interrupted between two. */
  readonly step: Step | undefined;
  /** What could not be taken back, one line each. */
  readonly leftovers: readonly string[];

  constructor(stop: Stop, leftovers: readonly string[]) {
    super(ErrorCode.internal, messageFor(stop), detailsFor(stop, leftovers), { cause: stop.cause });
    this.errno = stop.failure.errno;
    this.step = stop.step;
    this.leftovers = leftovers;
  }
}

/** Why a plan stopped. */
export interface Stop {
  readonly step: Step | undefined;
  readonly failure: IpFailure;
  readonly cause?: unknown;
}

function messageFor({ step, failure }: Stop): string {
  const reason = failure.errno === undefined ? failure.reason : errnoText(failure.errno);
  if (step === undefined) return reason;
  return `${step.failing ?? printAction(step.action, step.place).join('; ')}: ${reason}`;
}

function detailsFor({ step, failure }: Stop, leftovers: readonly string[]): string {
  const parts: string[] = [];
  if (step !== undefined) {
    parts.push(`failed command: ${printAction(step.action, step.place).join('; ')}`);
    parts.push(`network namespace: ${step.place.label}`);
    parts.push(`reason: ${failure.reason}`);
  }
  if (failure.hint !== '') parts.push(failure.hint);
  if (leftovers.length > 0) parts.push(`could not be undone: ${leftovers.join(', ')}`);
  return parts.join('; ');
}
