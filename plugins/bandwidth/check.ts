import { lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { ip, tc } from '../../pkg/ip/command.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { tcForm } from '../../pkg/rtnl/tc/forms.ts';
import type { ShownFilter, ShownQdisc } from '../../pkg/rtnl/tc/show.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { BandwidthCall } from './add.ts';
import { hasBurst } from './burst.ts';
import { hostEnd } from './host-end.ts';
import { bucketOf, type Limit, limitsOf, notChained } from './settings.ts';
import { ifbName } from './shaping.ts';

/** Fails with everything that lets the container have other rates than it is to have. */
export async function check(call: BandwidthCall): Promise<void> {
  const { ingress, egress } = limitsOf(call.conf);
  const { prevResult } = call;
  if (prevResult === undefined) throw notChained('must be called as a chained plugin');
  if (ingress === undefined && egress === undefined) return;
  const differences = await inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, 'bandwidth', tcForm);
    const veth = await hostEnd(netns, call.ifName, prevResult, options);
    const found: string[] = [];
    if (ingress !== undefined) found.push(...(await bucketDifferences(veth.ifname, ingress, veth.mtu, options)));
    if (egress !== undefined) {
      const ifb = ifbName(call.network, call.containerId);
      found.push(...(await egressDifferences(veth, ifb, egress, options)));
    }
    return found;
  });
  const [first] = differences;
  if (first === undefined) return;
  throw new CniError(ErrorCode.internal, first, [...differences, 'DEL and ADD put it right'].join('; '));
}

async function egressDifferences(
  veth: ShownLink,
  ifb: string,
  limit: Limit,
  options: RunOptions,
): Promise<readonly string[]> {
  const [link] = await lookAt([{ place: ownNetns(), command: ip`-d link show dev ${ifb}` }], options);
  if (link === undefined) return ['get ifb device: Link not found'];
  const found = await bucketDifferences(ifb, limit, veth.mtu, options);
  if (!link.flags.includes('UP')) found.push(`interface ${ifb} is down`);
  if (!(await isRedirected(veth.ifname, ifb, options))) found.push(`nothing leads from ${veth.ifname} to ${ifb}`);
  return found;
}

async function bucketDifferences(link: string, wanted: Limit, mtu: number, options: RunOptions): Promise<string[]> {
  const plan = new Plan().do(ownNetns(), ipAction(tc`-r qdisc show dev ${link}`), { capture: 'shown' });
  const shown = (await runPlan(plan, options)).captures.get('shown');
  const root = (Array.isArray(shown) ? (shown as readonly ShownQdisc[]) : []).find((one) => one.root === true);
  if (root?.kind !== 'tbf') return ['Failed to find qdisc'];
  const { rate, burst, limit } = bucketOf(wanted, mtu);
  const found: string[] = [];
  if (root.options.rate !== rate) found.push("Rate doesn't match");
  if (root.options.limit !== limit) found.push("Limit doesn't match");
  const ticks = Number.parseInt(root.options.burst_raw ?? '', 16);
  if (!hasBurst(ticks, rate, burst)) found.push("Buffer doesn't match");
  return found;
}

async function isRedirected(veth: string, ifb: string, options: RunOptions): Promise<boolean> {
  // Without a queue for what comes in there is nothing to ask, which some kernels call an error.
  const plan = new Plan().do(ownNetns(), ipAction(tc`filter show dev ${veth} parent ffff:`), {
    capture: 'shown',
    tolerate: 'any',
  });
  const shown = (await runPlan(plan, options)).captures.get('shown');
  for (const { options: inside } of Array.isArray(shown) ? (shown as readonly ShownFilter[]) : []) {
    for (const { mirred_action: what, to_dev: to } of inside?.actions ?? []) {
      if (what === 'redirect' && to === ifb) return true;
    }
  }
  return false;
}
