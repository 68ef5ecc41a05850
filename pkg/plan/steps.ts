import { isIpAction, printAction } from './action.ts';
import type { Plan, Step } from './plan.ts';

/** Some lines of what an ADD would do, all in one place. */
export interface PlannedStep {
  /** `host`, or the path of a namespace. */
  readonly place: string;
  /** What they are about, where they do not say so themselves. */
  readonly note?: string;
  /** What a person can paste on the host; lines for a namespace enter it themselves. */
  readonly lines: readonly string[];
}

/** A plan as a person would carry it out: what only looks is left out, what may fail says so, places stay together. */
export function stepsOf(plan: Plan): readonly PlannedStep[] {
  const steps: { place: string; lines: string[] }[] = [];
  for (const step of changesIn(plan)) {
    const place = step.place.label;
    const lines = linesOf(step);
    const last = steps.at(-1);
    if (last?.place === place) last.lines.push(...lines);
    else steps.push({ place, lines: [...lines] });
  }
  return steps;
}

function* changesIn(plan: Plan): Iterable<Step> {
  for (const item of plan.items) {
    if (!('action' in item)) for (const part of item) yield* changesIn(part);
    else if (!isLook(item)) yield item;
  }
}

function isLook({ action }: Step): boolean {
  const verb = isIpAction(action) ? action.command.words[1] : undefined;
  return verb === 'show' || verb === 'get';
}

function linesOf({ action, place, tolerate }: Step): readonly string[] {
  const lines = printAction(action, place);
  // So that a shell that ends at the first failure goes on here, as the plan does.
  return tolerate.length === 0 ? lines : lines.map((line) => `${line} || true`);
}
