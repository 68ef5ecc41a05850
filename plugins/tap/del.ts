import { type Collecting, collectRecorded } from '../../pkg/attach/gc.ts';
import { isKind, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { releaseAddresses } from '../../pkg/attach/release.ts';
import { ip } from '../../pkg/ip/command.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment } from '../../pkg/record/attachment.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isNetnsOf } from '../../pkg/record/store.ts';
import type { AttachmentCall, GcCall } from '../../pkg/skel/plugin.ts';
import { failTogether, toCniError } from '../../pkg/types/error.ts';
import { notesOf } from './notes.ts';
import type { TapConf } from './schema.ts';

/** Removes the device, and then, when nobody can use it any more, releases the address. */
export async function del(call: AttachmentCall<TapConf>): Promise<void> {
  const { network, containerId, ifName, warn } = call;
  const { records, warnings } = call.records.readForContainer(containerId);
  for (const warning of warnings) warn(`tap: ${warning}`);
  const options = await runOptions(call.environment, 'tap');
  if (call.netns !== '') {
    try {
      await inContainer(call.netns, (netns) => removeTap(netns, { ifName, records, network, options, warn }));
    } catch (thrown) {
      if (!isNetnsGone(thrown)) throw thrown;
    }
  }
  let ipam: ReturnType<typeof notesOf>['ipam'];
  for (const record of records) {
    if (record.plugin === 'tap' && record.network === network && record.ifName === ifName) {
      ({ ipam } = notesOf(record.data));
    }
  }
  failTogether((await releaseAddresses(call, ipam)).map(toCniError));
  forgetAttachment(call, 'tap');
}

/** Removes the devices that no valid attachment of this network has, and then the leases. */
export function gc(call: GcCall<TapConf>): Promise<void> {
  const remove: Collecting['remove'] = (record) => removeRecorded(call, record);
  return collectRecorded(call, { plugin: 'tap', done: 'removed', remove });
}

async function removeRecorded(call: GcCall<TapConf>, record: AttachmentRecord): Promise<void> {
  const { network, ifName, containerId } = record;
  const { records } = call.records.readForContainer(containerId);
  const options = await runOptions(call.environment, 'tap');
  try {
    await inContainer(record.netns.path, async (netns) => {
      // The path may be another container's by now; with the old namespace the device has gone.
      if (!isNetnsOf(record, netns.identity)) return;
      await removeTap(netns, { ifName, records, network, options, warn: call.warn });
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

/** Which device has to go. */
interface Unwanted {
  readonly ifName: string;
  /** All records of its container. */
  readonly records: readonly AttachmentRecord[];
  readonly network: string;
  readonly options: RunOptions;
  warn(line: string): void;
}

/** Removes the device; what has its name and is another's, or no tap device, is left alone. */
async function removeTap(netns: Netns, { ifName, records, network, options, warn }: Unwanted): Promise<void> {
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  if (link === undefined) return;
  const other = records.find((record) => record.ifName === ifName && record.network !== network);
  if (other !== undefined || !isKind(link, 'tun')) {
    const whose =
      other === undefined ? `it is a ${link.linkinfo?.info_kind ?? 'device'}` : `network ${other.network} has it`;
    warn(`tap: left ${ifName} in ${netns.path} alone: ${whose}`);
    return;
  }
  const plan = new Plan().inside(netns, ip`link del dev ${ifName}`, {
    tolerate: ['ENODEV'],
    failing: `failed to delete "${ifName}"`,
  });
  await runPlan(plan, options);
}
