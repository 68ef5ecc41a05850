import type { Netns } from '../netns/netns.ts';
import type { RecordStore } from './store.ts';

/** What a call says of the attachment that it is about. */
interface AttachmentCall {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
  readonly args: string;
  warn(line: string): void;
}

/** Writes down what a plugin is about to do for an attachment; what keeps it from that is only warned of. */
export function noteAttachment(
  records: RecordStore,
  call: AttachmentCall,
  plugin: string,
  netns: Netns,
  notes: object,
): void {
  const { network, containerId, ifName, args: cniArgs } = call;
  const warning = records.write({ network, containerId, ifName, plugin, netns, cniArgs, data: { ...notes } });
  if (warning !== undefined) call.warn(`${plugin}: ${warning}`);
}

/** Removes what a plugin has written down of an attachment; what keeps it from that is only warned of. */
export function forgetAttachment(records: RecordStore, call: AttachmentCall, plugin: string): void {
  const { network, containerId, ifName } = call;
  const warning = records.remove({ network, containerId, ifName, plugin });
  if (warning !== undefined) call.warn(`${plugin}: ${warning}`);
}
