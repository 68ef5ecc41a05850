import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import { close } from './del.ts';
import { notesOf } from './notes.ts';
import type { FirewallConf } from './schema.ts';

/** Closes the firewall for what no valid attachment of this network has. */
export async function gc(call: GcCall<FirewallConf>): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const valid = new Set(validAttachments.map(({ containerID, ifname }) => `${containerID}/${ifname}`));
  const records = new RecordStore(recordFolder(call.environment));
  records.sweep('firewall', network);
  const failures: CniError[] = [];
  for (const record of records.readAll().records) {
    const { plugin, containerId, ifName } = record;
    if (plugin !== 'firewall' || record.network !== network || valid.has(`${containerId}/${ifName}`)) continue;
    try {
      const notes = notesOf(record.data);
      if (notes !== undefined) await close(call, notes);
      const warning = records.remove(record);
      call.warn(`firewall: ${warning ?? `removed what was left of ${containerId} (${ifName})`}`);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  const details = [first.details, ...others.map(String)].filter((text) => text !== '').join('; ');
  throw new CniError(first.code, first.message, details, { cause: first });
}
