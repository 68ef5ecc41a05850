import type { GcCall } from '../../pkg/skel/plugin.ts';
import { removeBackup } from './backup.ts';
import type { TuningConf } from './schema.ts';

/** Forgets the former settings of interfaces that no valid attachment of this network has. */
export async function gc(call: GcCall<TuningConf>): Promise<void> {
  const { validAttachments, network, records } = call;
  if (validAttachments === undefined) return;
  for (const record of records.stale('tuning', network, validAttachments)) {
    const { containerId, ifName } = record;
    const { backup } = record.data;
    if (typeof backup === 'string') removeBackup(backup);
    const warning = records.remove(record);
    call.warn(`tuning: ${warning ?? `removed what was left of ${containerId} (${ifName})`}`);
  }
}
