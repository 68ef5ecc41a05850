import type { ShownLink } from '../../pkg/attach/links.ts';
import { lockRouting } from '../../pkg/attach/routes.ts';
import { ip } from '../../pkg/ip/command.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { VrfCall } from './add.ts';
import { lookAtLinks, tableOf } from './look.ts';

/** Takes the interface out of its VRF, which goes with the last one. */
export async function del(call: VrfCall): Promise<void> {
  const { vrfname: vrf = '' } = call.conf;
  if (call.netns === '' || vrf === '') return;
  try {
    await inContainer(call.netns, async (netns) => {
      const options = await runOptions(call.environment, 'vrf');
      const lock = await lockRouting(call.netns);
      try {
        await takeOut(netns, call.ifName, vrf, options);
      } finally {
        lock.release();
      }
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

async function takeOut(netns: Netns, ifName: string, vrf: string, options: RunOptions): Promise<void> {
  const { named, link } = await lookAtLinks(netns, vrf, ifName, options);
  if (tableOf(named) === 0) return;
  const plan = new Plan();
  if (link?.master === vrf) {
    plan.inside(netns, ip`link set dev ${ifName} nomaster`, { tolerate: ['ENODEV'], failing: 'resetMaster' });
  }
  plan.do(netns, ipAction(ip`link show master ${vrf}`), { capture: 'left', tolerate: ['ENODEV'] });
  const left = (await runPlan(plan, options)).captures.get('left') as readonly ShownLink[] | undefined;
  // Whoever else is in it still needs it.
  if (left === undefined || left.length > 0) return;
  await runPlan(new Plan().inside(netns, ip`link del dev ${vrf}`, { tolerate: ['ENODEV'] }), options);
}
