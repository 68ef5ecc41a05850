import type { AttachmentRecord } from '../pkg/record/record.ts';
import { isNetnsOf } from '../pkg/record/store.ts';
import { statusOf } from '../pkg/sys/files/files.ts';
import { containerLink } from './show/look.ts';

/**
 * Tells whether a container lives on without an attachment: its namespace is in sight, and the interface is not in it.
 * That is so when other plugins have done the DEL, which leave our record behind. Looks once at each interface.
 */
export function detachment(): (record: AttachmentRecord) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  return (record) => {
    const key = `${record.netns.path} ${record.netns.ino} ${record.ifName}`;
    const found = known.get(key) ?? isDetached(record);
    known.set(key, found);
    return found;
  };
}

async function isDetached(record: AttachmentRecord): Promise<boolean> {
  const { path } = record.netns;
  const namespace = statusOf(path);
  if (namespace === undefined || !isNetnsOf(record, namespace)) return false;
  return (await containerLink(path, record.ifName)) === undefined;
}
