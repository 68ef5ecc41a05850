import { type Collecting, collectRecorded } from '../../pkg/attach/gc.ts';
import { isReleasedThroughLink, previousResult, releaseAddresses } from '../../pkg/attach/release.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isNetnsOf } from '../../pkg/record/store.ts';
import type { AttachmentCall, GcCall } from '../../pkg/skel/plugin.ts';
import { isSameAttachment } from '../../pkg/types/attachment.ts';
import { failTogether, toCniError } from '../../pkg/types/error.ts';
import type { Interface } from '../../pkg/types/result.ts';
import { type Away, planRepair, planReturn } from './bring-back.ts';
import { type HostDeviceNotes, notesOf } from './notes.ts';
import type { HostDeviceConf } from './schema.ts';
import { isDrivenByProgram, namedDevice } from './sought.ts';

type DelCall = AttachmentCall<HostDeviceConf>;

/** Takes the device back, and gives the address back; what is back already is left as it is. */
export async function del(given: DelCall): Promise<void> {
  const { records: found, warnings } = given.records.readForContainer(given.containerId);
  for (const warning of warnings) given.warn(`host-device: ${warning}`);
  const call = asNoted(given, found);
  const away = await awayOf(call, found);
  if (isWithoutLink(call, away.notes)) failTogether(await release(call, away.notes));
  else if (call.netns === '') await carryOut(call, away, await planRepair(away));
  else await fromContainer(call, away);
  forgetAttachment(call, 'host-device');
}

/**
 * The call as one of the network that the attachment is noted under: people rename networks while containers have
 * their devices. The result of the ADD proves that it is the same attachment.
 */
function asNoted(call: DelCall, found: readonly AttachmentRecord[]): DelCall {
  const { network, containerId, ifName, rawConf } = call;
  const noted = found.filter((record) => record.plugin === 'host-device' && record.ifName === ifName);
  if (noted.length === 0 || noted.some((record) => record.network === network)) return call;
  const promised = promisedLink(call);
  for (const record of noted) {
    const isProven = promised?.sandbox === record.netns.path && promised.mac === notesOf(record.data).mac;
    if (!isProven) continue;
    call.warn(
      `host-device: ${ifName} of ${containerId} is noted as network "${record.network}"'s, and taken back as such`,
    );
    const entries = Object.entries(rawConf).filter(([key]) => key.toLowerCase() !== 'name');
    const conf = { ...Object.fromEntries(entries), name: record.network };
    return { ...call, network: record.network, rawConf: conf, configText: JSON.stringify(conf) };
  }
  const networks = noted.map((record) => `"${record.network}"`).join(', ');
  call.warn(
    `host-device: left ${ifName} of ${containerId} alone: it is noted as network ${networks}'s, and this is a DEL of ` +
      `"${network}" without the result of that ADD`,
  );
  return call;
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

/** The address last, when nobody can use it any more; but dhcp gives it back through the link. */
async function carryOut(call: DelCall, { notes, options }: Away, plan: Plan | undefined): Promise<void> {
  const isReleasedFirst = isReleasedThroughLink(call, notes?.ipam);
  const failures = isReleasedFirst ? await release(call, notes) : [];
  try {
    if (plan !== undefined) await runPlan(plan, options);
    if (!isReleasedFirst) failures.push(...(await release(call, notes)));
  } catch (thrown) {
    failures.unshift(toCniError(thrown));
  }
  failTogether(failures);
}

async function release(call: DelCall, notes: HostDeviceNotes | undefined) {
  return (await releaseAddresses(call, notes?.ipam)).map(toCniError);
}

async function awayOf(call: DelCall, found: readonly AttachmentRecord[]): Promise<Away> {
  let notes: HostDeviceNotes | undefined;
  const claimed: string[] = [];
  for (const record of found) {
    if (isSameAttachment(record, call)) {
      if (record.plugin === 'host-device') notes = notesOf(record.data);
    } else claimed.push(record.ifName);
  }
  return {
    name: call,
    notes,
    configured: call.conf.device ?? '',
    promisedMac: promisedLink(call)?.mac ?? '',
    claimed,
    options: await runOptions(call.environment, 'host-device'),
    warn: call.warn,
  };
}

/** What the previous result says of the device. */
function promisedLink(call: DelCall): Interface | undefined {
  const { interfaces = [] } = previousResult(call, 'host-device') ?? {};
  return interfaces.find(({ name, sandbox }) => name === call.ifName && sandbox !== undefined);
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

/** Takes back the devices that no valid attachment of this network has, and then the leases. */
export function gc(call: GcCall<HostDeviceConf>): Promise<void> {
  const remove: Collecting['remove'] = (record) => takeBack(call, record);
  return collectRecorded(call, { plugin: 'host-device', done: 'took back', remove });
}

async function takeBack(call: GcCall<HostDeviceConf>, record: AttachmentRecord): Promise<void> {
  const notes = notesOf(record.data);
  if (notes.device === '') return;
  const { records: found } = call.records.readForContainer(record.containerId);
  const options = await runOptions(call.environment, 'host-device');
  const away: Away = {
    name: record,
    notes,
    configured: '',
    promisedMac: '',
    claimed: found.map(({ ifName }) => ifName).filter((ifName) => ifName !== record.ifName),
    options,
    warn: call.warn,
  };
  const run = async (plan: Plan | undefined) => {
    if (plan !== undefined) await runPlan(plan, options);
  };
  try {
    await inContainer(record.netns.path, async (netns) => {
      // The path may be another container's by now.
      const plan = isNetnsOf(record, netns.identity) ? await planReturn(away, netns) : undefined;
      await run(plan ?? (await planRepair(away)));
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
    await run(await planRepair(away));
  }
}
