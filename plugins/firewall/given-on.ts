import { decodeOwner } from '../../pkg/ipam/lease.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import { readTextFile } from '../../pkg/sys/files/files.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import type { HostAddress } from './settings.ts';

/** Where host-local keeps its leases unless it is told otherwise; firewall is not told what host-local is. */
const LEASES = '/var/lib/cni/networks';

/** The container that host-local has given an address to since; `undefined` when nothing says that. */
export function heirOf({ text }: HostAddress, { network, containerId, ifName }: Attachment): string | undefined {
  let lease: string | undefined;
  try {
    lease = readTextFile(`${LEASES}/${network}/${text}`);
  } catch {
    return undefined;
  }
  const now = lease === undefined ? undefined : decodeOwner(lease);
  if (now === undefined) return undefined;
  const isSame = now.containerId === containerId && (now.ifName === '' || now.ifName === ifName);
  return isSame ? undefined : now.containerId;
}

/**
 * Whether an heir has opened the firewall for itself, or is just about to. One of which nothing at all is noted was
 * attached by plugins that keep no records.
 */
export function hasOpened(heir: string, records: RecordStore): boolean {
  const found = records.readForContainer(heir).records;
  return found.length === 0 || openingsIn(found).length > 0;
}

/** What firewall noted of a container. */
export function openingsOf(containerId: string, records: RecordStore): readonly AttachmentRecord[] {
  return openingsIn(records.readForContainer(containerId).records);
}

function openingsIn(records: readonly AttachmentRecord[]): readonly AttachmentRecord[] {
  return records.filter(({ plugin }) => plugin === 'firewall');
}
