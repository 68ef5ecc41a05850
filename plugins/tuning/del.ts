import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import type { AttachmentCall, GcCall } from '../../pkg/skel/plugin.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { backupFile, readBackup, removeBackup } from './backup.ts';
import { findLink, type LinkState, settingCommand } from './link.ts';
import type { TuningConf } from './schema.ts';
import { dataDirOf } from './settings.ts';

type DelCall = AttachmentCall<TuningConf>;

/** The order in which the interface is put back: the reference's. */
const ORDER = ['mtu', 'mac', 'promisc', 'allmulti', 'txQLen'] as const;

/**
 * Puts the interface back as it was found, where it still is, and then forgets how that was. Never fails for it; what
 * could not be put back is tried again by the next DEL.
 */
export async function del(call: DelCall): Promise<void> {
  const { containerId, ifName, conf } = call;
  const file = backupFile(dataDirOf(conf), containerId, ifName);
  const before = await readBackup(file);
  if (before !== undefined && call.netns !== '' && !(await restore(call, before))) return;
  removeBackup(file);
  forgetAttachment(call, 'tuning');
}

/** Whether nothing is left to be put back. */
async function restore(call: DelCall, before: LinkState): Promise<boolean> {
  try {
    return await inContainer(call.netns, async (netns) => {
      const options = await runOptions(call.environment, 'tuning');
      if ((await findLink(netns, call.ifName, options)) === undefined) return true;
      let isWhole = true;
      for (const key of ORDER) if (!(await putBack(call, netns, key, before, options))) isWhole = false;
      return isWhole;
    });
  } catch (thrown) {
    if (isNetnsGone(thrown)) return true;
    call.warn(`tuning: ${call.ifName} was not put back: ${toCniError(thrown)}`);
    return false;
  }
}

/** One setting that cannot be put back keeps no other from it. */
async function putBack(
  { ifName, warn }: DelCall,
  netns: Netns,
  key: keyof LinkState,
  before: LinkState,
  options: RunOptions,
): Promise<boolean> {
  if (before[key] === undefined) return true;
  try {
    await runPlan(
      new Plan().inside(netns, settingCommand(ifName, key, before[key]), { tolerate: ['ENODEV'] }),
      options,
    );
    return true;
  } catch (thrown) {
    warn(`tuning: ${key} of ${ifName} was not put back: ${toCniError(thrown)}`);
    return false;
  }
}

/** Forgets the former settings of interfaces that no valid attachment of this network has. */
export async function gc(call: GcCall<TuningConf>): Promise<void> {
  const { validAttachments, network, records } = call;
  if (validAttachments === undefined) return;
  for (const record of records.stale('tuning', network, validAttachments)) {
    const { containerId, ifName } = record;
    const { backup } = record.data;
    if (typeof backup === 'string') removeBackup(backup);
    const warning = records.remove(record);
    call.warn(`tuning: ${warning ?? `removed what was left of ${containerId} (${ifName})`}`);
  }
}
