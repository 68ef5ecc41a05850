import { inContainer } from '../../pkg/netns/container.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { backupFile } from './backup.ts';
import { settingCommand } from './link.ts';
import { ORDER, readAdd, type TuningCall } from './read-add.ts';
import { dataDirOf } from './settings.ts';
import { sysctlsAction } from './sysctls-action.ts';
import { withMac } from './with-mac.ts';

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
