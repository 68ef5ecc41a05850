import { inContainer } from '../../pkg/netns/container.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { readAdd, type SbrCall } from './read-add.ts';
import { separationPlan } from './separate.ts';

/** What an ADD would do now. At this time the interface is not there, so it is said what becomes of its routes. */
export async function plan(call: SbrCall): Promise<PlannedAdd> {
  const { prevResult, ...wanted } = readAdd(call);
  return inContainer(call.netns, async (netns) => {
    const nothing = { link: undefined, rules: [], routes: [] };
    const steps = stepsOf(separationPlan({ ...wanted, netns, ifName: call.ifName, routing: nothing }));
    if (wanted.table !== undefined) return { result: prevResult, steps };
    const where = wanted.addSourceHints ? 'into these tables as well' : 'into these tables and out of the main one';
    const note = { place: netns.label, note: `the routes of ${call.ifName} go ${where}`, lines: [] };
    return { result: prevResult, steps: [...steps, note] };
  });
}
