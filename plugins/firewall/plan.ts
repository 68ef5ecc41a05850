import { ownNetns } from '../../pkg/netns/own.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { openAction } from './open.ts';
import { type AddCall, readAdd } from './read-add.ts';

/** What an ADD would do now. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const { result, opening } = await readAdd(call);
  if (opening === undefined) return { result, steps: [] };
  return { result, steps: stepsOf(new Plan().do(ownNetns(), openAction(opening, call.environment))) };
}
