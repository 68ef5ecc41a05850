import type { AttachmentRecord } from '../record/record.ts';
import type { GcCall } from '../skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../types/error.ts';

/** A GC of a plugin whose containers are all noted. */
export type RecordedGc = GcCall<{ readonly ipam?: { readonly type?: string | undefined } | undefined }>;

/** What a plugin does for a record that no valid attachment has, and how it is called when it was done. */
export interface Collecting {
  readonly plugin: string;
  readonly done: 'removed' | 'took back';
  remove(record: AttachmentRecord): Promise<void>;
}

/**
 * Removes what no valid attachment of this network has, by its records, and then its leases. One failure keeps nothing
 * else from being removed.
 *
 * @throws {CniError} all failures together
 */
export async function collectRecorded(call: RecordedGc, { plugin, done, remove }: Collecting): Promise<void> {
  const { validAttachments, network, records } = call;
  if (validAttachments === undefined) return;
  const failures: CniError[] = [];
  for (const record of records.stale(plugin, network, validAttachments)) {
    try {
      await remove(record);
      const warning = records.remove(record);
      call.warn(`${plugin}: ${warning ?? `${done} what was left of ${record.containerId} (${record.ifName})`}`);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  const type = call.conf.ipam?.type ?? '';
  try {
    if (type !== '') await call.delegate.run({ type, verb: 'GC', config: call.configText });
  } catch (thrown) {
    failures.push(toCniError(thrown));
  }
  failTogether(failures);
}
