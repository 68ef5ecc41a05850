import type { GcCall } from '../../pkg/skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../../pkg/types/error.ts';
import { close } from './del.ts';
import { notesOf } from './notes.ts';
import type { FirewallConf } from './schema.ts';

/** Closes the firewall for what no valid attachment of this network has. */
export async function gc(call: GcCall<FirewallConf>): Promise<void> {
  const { validAttachments, network, records } = call;
  if (validAttachments === undefined) return;
  const failures: CniError[] = [];
  for (const record of records.stale('firewall', network, validAttachments)) {
    const { containerId, ifName } = record;
    try {
      const notes = notesOf(record.data);
      if (notes !== undefined && !(await close(call, notes, record))) continue;
      const warning = records.remove(record);
      call.warn(`firewall: ${warning ?? `removed what was left of ${containerId} (${ifName})`}`);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  failTogether(failures);
}
