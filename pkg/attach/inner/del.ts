import { runOptions } from '../../plan/options.ts';
import { forgetAttachment } from '../../record/attachment.ts';
import { isAlive } from '../../record/store.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { isReleasedThroughLink, releaseAddresses, together } from '../release.ts';
import { innerNotesOf, temporaryNames } from './notes.ts';
import { type InnerRemains, removeInner } from './remove.ts';

/** Takes the link out of the container, with whatever is still there and whatever is still known. */
export async function delInner(call: AttachmentCall<unknown>, kind: string): Promise<void> {
  const record = call.records.find(call, kind);
  const notes = record && innerNotesOf(record.data);
  const options = await runOptions(call.environment, kind);
  // Where the call does not say it, the record does, as long as the namespace is still the same.
  const isForgotten = call.netns === '' && record !== undefined && isAlive(record) === 'alive';
  const remains: InnerRemains = {
    kind,
    name: call,
    netns: isForgotten ? record.netns.path : call.netns,
    temporary: temporaryNames(call, notes),
    onlyMarked: isForgotten,
  };
  const failures: unknown[] = [];
  // dhcp gives an address back through the link; everywhere else nobody may use it any more by then.
  const isReleasedFirst = isReleasedThroughLink(call, notes?.ipam);
  if (isReleasedFirst) failures.push(...(await releaseAddresses(call, notes?.ipam)));
  try {
    await removeInner(remains, options, (line) => call.warn(`${kind}: ${line}`));
    if (!isReleasedFirst) failures.push(...(await releaseAddresses(call, notes?.ipam)));
  } catch (thrown) {
    failures.unshift(thrown);
  }
  if (failures.length > 0) throw together(failures);
  forgetAttachment(call, kind);
}
