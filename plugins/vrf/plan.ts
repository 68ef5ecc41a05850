import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { enslavingPlan } from './enslave.ts';
import { freeTable, lookAround, stateOf, tableOf } from './look.ts';
import { readAdd, type VrfCall } from './read-add.ts';

/** What an ADD would do now. At this time the interface is not there, so it is said what becomes of its routes. */
export async function plan(call: VrfCall): Promise<PlannedAdd> {
  const { prevResult, vrf, table: wanted } = readAdd(call);
  const { ifName } = call;
  return inContainer(call.netns, async (netns) => {
    const found = await lookAround(netns, vrf, ifName, await runOptions(call.environment, 'vrf', ruleForm));
    const state = stateOf(found);
    const table = wanted || (state.isNew ? freeTable(found) : tableOf(found.named));
    const steps = stepsOf(enslavingPlan({ netns, ifName, vrf, table, ...state, link: undefined, routes: [] }));
    const note = `IPv6 addresses and routes that ${ifName} loses by that are given to it again, in table ${table}`;
    return { result: prevResult, steps: [...steps, { place: netns.label, note, lines: [] }] };
  });
}
