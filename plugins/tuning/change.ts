import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { removeFileAction } from '../../pkg/plan/file.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment, noteAttachment } from '../../pkg/record/attachment.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { ORDER, type TuningCall } from './add.ts';
import { backupFile, writeBackup } from './backup.ts';
import { findLink, type LinkState, missingLink, settingCommand } from './link.ts';
import { dataDirOf, type LinkSettings } from './settings.ts';
import type { Sysctl } from './sysctl.ts';
import { sysctlsAction } from './sysctl.ts';

/** Changes settings and interface of a container; what fails is taken back. */
export async function change(call: TuningCall, sysctls: readonly Sysctl[], link: LinkSettings): Promise<void> {
  const changesLink = Object.keys(link).length > 0;
  await inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, 'tuning')), signal: termination() };
    const plan = new Plan();
    if (sysctls.length > 0) plan.do(netns, sysctlsAction(sysctls), { failing: '' });
    if (changesLink) {
      const found = await findLink(netns, call.ifName, options);
      if (found === undefined) throw missingLink(`failed to get "${call.ifName}": Link not found`, netns, call.ifName);
      note(call, netns);
      planLink(plan, call, netns, link, found);
    }
    try {
      await runPlan(plan, options);
    } catch (thrown) {
      if (changesLink) forgetAttachment(call, 'tuning');
      throw thrown;
    }
  });
}

function planLink(plan: Plan, call: TuningCall, netns: Netns, link: LinkSettings, found: Required<LinkState>): void {
  const before: Record<string, unknown> = {};
  for (const key of ORDER) if (link[key] !== undefined) before[key] = found[key];
  plan.do(ownNetns(), backupAction(call, before), { failing: '' });
  for (const key of ORDER) {
    if (link[key] === undefined) continue;
    plan.inside(netns, settingCommand(call.ifName, key, link[key]), {
      undo: settingCommand(call.ifName, key, found[key]),
      failing: `failed to set ${key} of "${call.ifName}"`,
    });
  }
}

/** Before anything is changed, so that whoever comes after a crash knows what was there. */
function backupAction({ conf, containerId, ifName }: TuningCall, before: LinkState): WorkAction {
  const folder = dataDirOf(conf);
  const file = backupFile(folder, containerId, ifName);
  return {
    kind: 'backup',
    print: () => [`printf %s '${JSON.stringify(before)}' > ${file}`],
    run() {
      writeBackup(folder, file, before);
      return { undo: [removeFileAction(file)] };
    },
  };
}

function note(call: TuningCall, netns: Netns): void {
  const { containerId, ifName, conf } = call;
  const data = { backup: backupFile(dataDirOf(conf), containerId, ifName) };
  noteAttachment(call, 'tuning', netns, data);
}
