import { randomMac } from '../../pkg/attach/identity.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { ifbName } from './ifb-name.ts';
import { type BandwidthCall, readAdd } from './read-add.ts';
import { hostInterfaces } from './settings.ts';
import { shapingPlan, withIfb } from './shaping.ts';

/** The MTU of a pair that nobody has asked for another one. */
const ORDINARY_MTU = 1500;

/** What an ADD would do now. The pair is not there yet: it is the last of what the plugins before have on the host. */
export async function plan(call: BandwidthCall): Promise<PlannedAdd> {
  const { prevResult, ...limits } = readAdd(call);
  if (limits.ingress === undefined && limits.egress === undefined) return { result: prevResult, steps: [] };
  const veth = hostInterfaces(prevResult).at(-1) ?? '';
  const mtu = prevResult.interfaces?.find(({ name }) => name === call.ifName)?.mtu ?? ORDINARY_MTU;
  const shaping = { veth, mtu, ifb: ifbName(call.network, call.containerId), mac: randomMac() };
  return { result: withIfb(prevResult, limits, shaping), steps: stepsOf(shapingPlan(limits, shaping)) };
}
