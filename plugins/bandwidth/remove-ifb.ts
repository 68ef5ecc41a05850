import { ip } from '../../pkg/ip/command.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';

/** Removes a link of the host; one that is gone is fine. */
export async function removeIfb(ifb: string, options: RunOptions): Promise<void> {
  const plan = new Plan().host(ip`link del dev ${ifb}`, { tolerate: ['ENODEV'], failing: `failed to delete "${ifb}"` });
  await runPlan(plan, options);
}
