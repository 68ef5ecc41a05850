import { lockRouting } from '../../pkg/attach/routes.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { enslavingPlan } from './enslave.ts';
import { freeTable, lookAround, type Surroundings, stateOf, tableOf } from './look.ts';
import type { VrfConf } from './schema.ts';
import { settingsOf, type VrfSettings } from './settings.ts';

/** Puts the container's interface into a VRF. Whatever fails, it is as it was. */
export async function add(call: VrfCall): Promise<Result> {
  const { prevResult, ...settings } = readAdd(call);
  const { ifName, environment } = call;
  await inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(environment, 'vrf', ruleForm)), signal: termination() };
    const lock = await lockRouting(call.netns);
    try {
      const found = await lookAround(netns, settings.vrf, ifName, options);
      const { vrf } = settings;
      const table = tableFor(settings, found);
      refuseLink(found, ifName);
      await runPlan(enslavingPlan({ netns, ifName, vrf, table, ...stateOf(found), ...found }), options);
    } finally {
      lock.release();
    }
  });
  return prevResult;
}

function tableFor({ vrf, table }: VrfSettings, found: Surroundings): number {
  if (found.named === undefined) return table === 0 ? freeTable(found) : table;
  const present = tableOf(found.named);
  if (present === 0) {
    const kind = found.named.linkinfo?.info_kind ?? 'device';
    throw failure(`Netlink ${vrf} is not a VRF`, `it is a ${kind}; expected a VRF, or no link of that name`);
  }
  if (table === 0 || table === present) return present;
  const details = `found table ${present}, expected ${table}; configurations that share a VRF name the same table or none`;
  throw failure(`VRF ${vrf} already exist with different routing table ${present}`, details);
}

function refuseLink({ link }: Surroundings, ifName: string): void {
  if (link === undefined) {
    throw failure(
      `could not get link by name ${ifName}`,
      'expected the one that an earlier plugin of the list has made',
    );
  }
  if (link.master !== undefined) {
    const details = 'expected an interface that belongs to no VRF or bridge; DEL takes it out of a VRF';
    throw failure(`interface ${ifName} has already a master set: ${link.master}`, details);
  }
}

function failure(message: string, details: string): CniError {
  return new CniError(ErrorCode.internal, `cmdAdd failed: ${message}`, details);
}

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

/** A call about an attachment. */
export type VrfCall = AttachmentCall<VrfConf>;

/** Reads the call of an ADD, or refuses it. */
export function readAdd({ conf, prevResult }: VrfCall): VrfSettings & { readonly prevResult: Result } {
  const settings = settingsOf(conf);
  if (prevResult !== undefined) return { ...settings, prevResult };
  const details = 'found no "prevResult"; vrf comes after a plugin that makes an interface, such as macvlan';
  throw new CniError(ErrorCode.internal, 'missing prevResult from earlier plugin', details);
}
