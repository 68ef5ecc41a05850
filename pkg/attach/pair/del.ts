import { runOptions } from '../../plan/options.ts';
import { forgetAttachment } from '../../record/attachment.ts';
import type { AttachmentRecord } from '../../record/record.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { isSameAttachment } from '../../types/attachment.ts';
import { isReleasedThroughLink, previousResult, releaseAddresses, together } from '../release.ts';
import { pairNotesOf } from './notes.ts';
import { hostLinksIn } from './remove.ts';
import { type Remains, tearDown } from './teardown.ts';

/** The keys that say which rules there may be, where nothing else does. */
interface RulesConf {
  readonly ipMasq?: boolean | undefined;
  readonly macspoofchk?: boolean | undefined;
}

type DelCall = AttachmentCall<RulesConf>;

/** Takes a container's pair down, with whatever is still there and whatever is still known. */
export async function delPair(call: DelCall, plugin: string): Promise<void> {
  const record = recordOf(call, plugin);
  const options = await runOptions(call.environment, plugin);
  const notedIpam = record && pairNotesOf(record.data).ipam;
  const isReleasedFirst = isReleasedThroughLink(call, notedIpam);
  const releaseFailures = isReleasedFirst ? await releaseAddresses(call, notedIpam) : [];
  const { linkFailure, otherFailures, left } = await tearDown(remainsOf(call, plugin, record), options, (line) =>
    call.warn(`${plugin}: ${line}`),
  );
  const failures = [...releaseFailures, ...otherFailures];
  if (linkFailure !== undefined) failures.unshift(linkFailure);
  else if (!isReleasedFirst) failures.push(...(await releaseAddresses(call, notedIpam)));
  if (failures.length > 0) throw together(failures);
  // Without a note it is only a guess that there were rules.
  if (left.length > 0 && record !== undefined) {
    call.warn(`${plugin}: rules of ${call.containerId} are left: ${left.join('; ')}; GC, or DEL again, removes them`);
    return;
  }
  forgetAttachment(call, plugin);
}

function recordOf(call: DelCall, plugin: string): AttachmentRecord | undefined {
  const { records: found, warnings } = call.records.readForContainer(call.containerId);
  for (const warning of warnings) call.warn(`${plugin}: ${warning}`);
  return found.find((record) => record.plugin === plugin && isSameAttachment(record, call));
}

/** Our own note knows best; without it the previous result and the configuration have to do. */
function remainsOf(call: DelCall, plugin: string, record: AttachmentRecord | undefined): Remains {
  if (record !== undefined) {
    const { hostLink, addresses, masquerade, spoofCheck } = pairNotesOf(record.data);
    return { name: call, netns: call.netns, hostLinks: [hostLink], addresses, masquerade, spoofCheck };
  }
  const result = previousResult(call, plugin);
  return {
    name: call,
    netns: call.netns,
    hostLinks: hostLinksIn(result),
    addresses: result?.ips?.map(({ address }) => address),
    masquerade: call.conf.ipMasq === true ? ['iptables', 'nftables'] : [],
    spoofCheck: call.conf.macspoofchk ?? false,
  };
}
