import { lockRouting } from '../../pkg/attach/lock-routing.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { readAdd, type SbrCall } from './read-add.ts';
import { lookAtRouting } from './routing.ts';
import { separationPlan } from './separate.ts';

/** Leads packets from the interface's addresses to tables of their own. Whatever fails, all is as it was. */
export async function add(call: SbrCall): Promise<Result> {
  const { prevResult, ...wanted } = readAdd(call);
  const { ifName, environment } = call;
  await inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(environment, 'sbr', ruleForm)), signal: termination() };
    const lock = await lockRouting(call.netns);
    try {
      const routing = await lookAtRouting(netns, ifName, options);
      if (routing.link === undefined) {
        const message = `Cannot find network interface ${ifName}: Link not found`;
        throw new CniError(ErrorCode.internal, message, 'expected the one that an earlier plugin of the list has made');
      }
      await runPlan(separationPlan({ ...wanted, netns, ifName, routing }), options);
    } finally {
      lock.release();
    }
  });
  return prevResult;
}
