import { releaseAddresses } from '../../pkg/attach/release.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { failTogether, toCniError } from '../../pkg/types/error.ts';
import { type Away, planRepair, planReturn } from './bring-back.ts';
import { type HostDeviceNotes, notesOf } from './notes.ts';
import type { HostDeviceConf } from './schema.ts';
import { isDrivenByProgram, namedDevice } from './sought.ts';

type DelCall = AttachmentCall<HostDeviceConf>;

/** Takes the device back, and gives the address back; what is back already is left as it is. */
export async function del(call: DelCall): Promise<void> {
  const records = new RecordStore(recordFolder(call.environment));
  const away = await awayOf(call, records);
  if (isWithoutLink(call, away.notes)) failTogether(await release(call, away.notes));
  else if (call.netns === '') await carryOut(call, away, await planRepair(away));
  else await fromContainer(call, away);
  forgetAttachment(records, call, 'host-device');
}

async function fromContainer(call: DelCall, away: Away): Promise<void> {
  try {
    await inContainer(call.netns, async (netns) => {
      const plan = await planReturn(away, netns);
      await carryOut(call, away, plan ?? (await planRepair(away)));
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
    await carryOut(call, away, await planRepair(away));
  }
}

/**
 * The address first: a server of addresses may have to be told through the link. What is known to fail has failed
 * before.
 */
async function carryOut(call: DelCall, { notes, options }: Away, plan: Plan | undefined): Promise<void> {
  const failures = await release(call, notes);
  try {
    if (plan !== undefined) await runPlan(plan, options);
  } catch (thrown) {
    failures.unshift(toCniError(thrown));
  }
  failTogether(failures);
}

async function release(call: DelCall, notes: HostDeviceNotes | undefined) {
  return (await releaseAddresses(call, notes?.ipam)).map(toCniError);
}

async function awayOf(call: DelCall, records: RecordStore): Promise<Away> {
  const { network, containerId, ifName, warn } = call;
  const { records: found, warnings } = records.readForContainer(containerId);
  for (const warning of warnings) warn(`host-device: ${warning}`);
  let notes: HostDeviceNotes | undefined;
  const claimed: string[] = [];
  for (const record of found) {
    if (record.network === network && record.ifName === ifName) {
      if (record.plugin === 'host-device') notes = notesOf(record.data);
    } else claimed.push(record.ifName);
  }
  return {
    name: { network, containerId, ifName },
    notes,
    configured: call.conf.device ?? '',
    promisedMac: promisedMac(call),
    claimed,
    options: await runOptions(call.environment, 'host-device'),
    warn,
  };
}

/** A result that cannot be read is as good as none: it must not keep a device from coming back. */
function promisedMac(call: DelCall): string {
  try {
    for (const { name, sandbox, mac } of call.prevResult?.interfaces ?? []) {
      if (name === call.ifName && sandbox !== undefined) return mac ?? '';
    }
  } catch (thrown) {
    call.warn(`host-device: ${toCniError(thrown)}`);
  }
  return '';
}

/** A device that a program drives was never moved. The note knows; without it the configuration has to do. */
function isWithoutLink({ conf }: DelCall, notes: HostDeviceNotes | undefined): boolean {
  if (notes !== undefined) return notes.device === '';
  try {
    return isDrivenByProgram(conf, namedDevice(conf).pciBusId);
  } catch {
    // Its device may be gone by now, and then there is nothing to be known from it.
    return false;
  }
}
