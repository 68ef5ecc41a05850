import { decodeOwner } from '../../pkg/ipam/lease.ts';
import { readTextFile } from '../../pkg/sys/files.ts';
import type { HostAddress } from './settings.ts';

/** Where host-local keeps its leases unless it is told otherwise; firewall is not told what host-local is. */
const LEASES = '/var/lib/cni/networks';

/** Whose the addresses were. */
export interface FormerOwner {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/**
 * The addresses without those that host-local has given to another container since: a DEL that comes late, or after
 * other plugins did the work of the first, must not close the firewall for whoever has the address now.
 */
export function withoutGivenOn(addresses: readonly HostAddress[], owner: FormerOwner): readonly HostAddress[] {
  return addresses.filter(({ text }) => !isOfAnother(text, owner));
}

function isOfAnother(address: string, { network, containerId, ifName }: FormerOwner): boolean {
  let lease: string | undefined;
  try {
    lease = readTextFile(`${LEASES}/${network}/${address}`);
  } catch {
    // What cannot be read proves nothing.
    return false;
  }
  const now = lease === undefined ? undefined : decodeOwner(lease);
  if (now === undefined) return false;
  return now.containerId !== containerId || (now.ifName !== '' && now.ifName !== ifName);
}
