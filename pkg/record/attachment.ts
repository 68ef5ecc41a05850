import type { Netns } from '../netns/netns.ts';
import { type Attachment, attachmentOf } from '../types/attachment.ts';
import type { RecordStore } from './store.ts';

/** What a call says of the attachment that it is about. */
interface AttachmentCall extends Attachment {
  readonly records: RecordStore;
  readonly args: string;
  warn(line: string): void;
}

/** Writes down what a plugin is about to do for an attachment; what keeps it from that is only warned of. */
export function noteAttachment(call: AttachmentCall, plugin: string, netns: Netns, notes: object): void {
  const record = { ...attachmentOf(call), plugin, netns, cniArgs: call.args, data: { ...notes } };
  const warning = call.records.write(record);
  if (warning !== undefined) call.warn(`${plugin}: ${warning}`);
}

/** Removes what a plugin has written down of an attachment; what keeps it from that is only warned of. */
export function forgetAttachment(call: AttachmentCall, plugin: string): void {
  const warning = call.records.remove({ ...attachmentOf(call), plugin });
  if (warning !== undefined) call.warn(`${plugin}: ${warning}`);
}
