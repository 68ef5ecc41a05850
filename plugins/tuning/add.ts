import { inContainer } from '../../pkg/netns/container.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { missingPrevResult } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { refuseForbidden } from './allow-list.ts';
import { backupFile } from './backup.ts';
import { change } from './change.ts';
import { settingCommand } from './link.ts';
import type { TuningConf } from './schema.ts';
import { dataDirOf, settingsOf, type TuningSettings } from './settings.ts';
import { refuseDuplicates, sysctlsAction } from './sysctl.ts';

/** Changes settings and interface, all of it or nothing. */
export async function add(call: TuningCall): Promise<Result> {
  const { prevResult, sysctls, link, macText } = await readAdd(call);
  // What runtimes put at the end of every list, mostly with nothing in it.
  if (Object.keys(link).length === 0 && sysctls.length === 0) return prevResult;
  await change(call, sysctls, link);
  return macText === '' ? prevResult : withMac(prevResult, call.ifName, macText);
}

/** What an ADD would do now. What was before is noted by the ADD only: at this time the interface is not there. */
export async function plan(call: TuningCall): Promise<PlannedAdd> {
  const { prevResult, sysctls, link, macText } = await readAdd(call);
  const result = macText === '' ? prevResult : withMac(prevResult, call.ifName, macText);
  return inContainer(call.netns, async (netns) => {
    const plan = new Plan();
    if (sysctls.length > 0) plan.do(netns, sysctlsAction(sysctls));
    for (const key of ORDER) {
      if (link[key] !== undefined) plan.inside(netns, settingCommand(call.ifName, key, link[key]));
    }
    const backup = backupFile(dataDirOf(call.conf), call.containerId, call.ifName);
    const note = { place: 'host', note: `what the interface was like before is written to ${backup}`, lines: [] };
    return { result, steps: [...(Object.keys(link).length > 0 ? [note] : []), ...stepsOf(plan)] };
  });
}

/** A call about an attachment. */
export type TuningCall = AttachmentCall<TuningConf>;

/** The order in which the interface is changed. */
export const ORDER = ['mac', 'promisc', 'mtu', 'allmulti', 'txQLen'] as const;

/** Reads the call of an ADD, or refuses it. */
export async function readAdd(call: TuningCall): Promise<TuningSettings & { readonly prevResult: Result }> {
  refuseDuplicates(call);
  const settings = settingsOf(call);
  if (settings.sysctls.length > 0) refuseForbidden(settings.sysctls);
  const { prevResult } = call;
  if (prevResult === undefined) throw missingPrevResult();
  return { ...settings, prevResult };
}

/** The MAC as it was asked for, wherever the result names the interface. */
function withMac(result: Result, ifName: string, mac: string): Result {
  const interfaces: NonNullable<Result['interfaces']>[number][] = [];
  for (const one of result.interfaces ?? []) interfaces.push(one.name === ifName ? { ...one, mac } : one);
  return interfaces.length === 0 ? result : { ...result, interfaces };
}
