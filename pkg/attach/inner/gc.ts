import type { RunOptions } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import type { AttachmentRecord } from '../../record/record.ts';
import { isAlive, RecordStore, recordFolder } from '../../record/store.ts';
import type { GcCall } from '../../skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../../types/error.ts';
import { removeInner } from './remove.ts';

type InnerGc = GcCall<{ readonly ipam?: { readonly type?: string | undefined } | undefined }>;

/** Removes what no valid attachment of this network has: links in containers that are still there, then leases. */
export async function gcInner(call: InnerGc, kind: string): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const options = await runOptions(call.environment, kind);
  const failures: CniError[] = [];
  const records = new RecordStore(recordFolder(call.environment));
  for (const record of records.stale(kind, network, validAttachments)) {
    try {
      await removeRecorded(record, options, (line) => call.warn(`${kind}: ${line}`));
      const warning = records.remove(record);
      call.warn(`${kind}: ${warning ?? `removed what was left of ${record.containerId} (${record.ifName})`}`);
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

/** A link goes with its namespace, so there is something to do only where that is still there. */
async function removeRecorded(
  record: AttachmentRecord,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  if (isAlive(record) !== 'alive') return;
  const { plugin: kind, netns } = record;
  await removeInner({ kind, name: record, netns: netns.path, temporary: [], onlyMarked: true }, options, warn);
}
