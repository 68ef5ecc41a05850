import { lockRouting } from '../../pkg/attach/routes.ts';
import { ip } from '../../pkg/ip/command.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { NetnsError } from '../../pkg/netns/error.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { addressesOf, type SbrCall } from './add.ts';
import { isPlainSource, lookAtRouting, type Routing } from './routing.ts';
import { ruleCommand } from './separate.ts';

/** Removes the rules about the interface's addresses; routes go with the interface. */
export async function del(call: SbrCall): Promise<void> {
  if (call.netns === '') return;
  try {
    await inContainer(call.netns, async (netns) => {
      const options = await runOptions(call.environment, 'sbr', ruleForm);
      const lock = await lockRouting(call.netns);
      try {
        const routing = await lookAtRouting(netns, call.ifName, options);
        const plan = new Plan();
        for (const { src, table = '', priority } of rulesToRemove(call, routing)) {
          const rest = ip.part`table ${table} priority ${priority}`;
          const command = ruleCommand('del', src, src.includes(':') ? 6 : 4, rest);
          plan.inside(netns, command, { tolerate: ['ENOENT'], failing: 'Failed to delete rule' });
        }
        await runPlan(plan, options);
      } finally {
        lock.release();
      }
    });
  } catch (thrown) {
    // The reference leaves a file of its own where a namespace was.
    if (!(thrown instanceof NetnsError) || thrown.kind === 'other') throw thrown;
  }
}

function rulesToRemove(call: SbrCall, { link, rules }: Routing): Routing['rules'] {
  const addresses = new Set<string>(resultAddresses(call));
  for (const { local } of link?.addr_info ?? []) addresses.add(local);
  const only = call.conf.table;
  return rules.filter((rule) => {
    return isPlainSource(rule) && addresses.has(rule.src) && (only === undefined || Number(rule.table) === only);
  });
}

/** What the interface had: it may be gone already. A result that cannot be read is as good as none. */
function resultAddresses(call: SbrCall): readonly string[] {
  try {
    const { prevResult, ifName } = call;
    return prevResult === undefined ? [] : addressesOf(prevResult, ifName).map(({ text }) => text);
  } catch (thrown) {
    call.warn(`sbr: ${toCniError(thrown)}`);
    return [];
  }
}
