import { type Address, formatAddress, parseAddress } from '../../pkg/addr/address.ts';
import { parsePrefix } from '../../pkg/addr/prefix.ts';
import { rangeOf } from '../../pkg/ipam/range.ts';
import { withLeases } from '../../pkg/ipam/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { rangeSetsOf, requestedOf, storeOptions } from './config.ts';
import type { HostLocalConf } from './schema.ts';

type CheckCall = AttachmentCall<HostLocalConf>;

/** The attachment has a lease, and those in the configured ranges are the addresses of the previous result. */
export async function check(call: CheckCall): Promise<void> {
  requestedOf(call);
  const sets = rangeSetsOf(call);
  const isManaged = (address: Address): boolean => {
    for (const set of sets) if (rangeOf(set, address) !== undefined) return true;
    return false;
  };
  const leased = await leasedTo(call);
  if (leased.length === 0) {
    throw failure(
      `Failed to find address added by container ${call.containerId}`,
      `no lease in ${folderOf(call)} names this container and interface ${call.ifName}; DEL and ADD give it one`,
    );
  }
  const used = call.prevResult?.ips;
  if (used === undefined) return;
  const held = new Set(leased);
  const has = new Set<string>();
  for (const { address } of used) {
    const parsed = parsePrefix(address)?.address;
    if (parsed === undefined || !isManaged(parsed)) continue;
    const text = formatAddress(parsed);
    has.add(text);
    if (held.has(text)) continue;
    throw failure(
      `address ${text} of container ${call.containerId} is not leased to it`,
      `prevResult has it; the leases of interface ${call.ifName} in ${folderOf(call)} are ${leased.join(', ')}`,
    );
  }
  for (const text of leased) {
    const address = parseAddress(text);
    if (has.has(text) || address === undefined || !isManaged(address)) continue;
    throw failure(
      `address ${text} of container ${call.containerId} is not in prevResult`,
      `${folderOf(call)}/${text} leases it to interface ${call.ifName}; prevResult has ${[...has].join(', ') || 'none'}`,
    );
  }
}

/** Texts of the addresses that the attachment has, sorted; of the oldest plugins' leases those of its container. */
async function leasedTo(call: CheckCall): Promise<readonly string[]> {
  const leases = await withLeases(storeOptions(call), false, (store) => {
    const own = store.ownedBy(call);
    return own.length > 0 ? own : store.ownedBy({ containerId: call.containerId, ifName: '' });
  });
  const addresses: string[] = [];
  for (const { address } of leases ?? []) addresses.push(address);
  return addresses.sort();
}

function folderOf(call: CheckCall): string {
  const { dataDir, network } = storeOptions(call);
  return `${dataDir}/${network}`;
}

function failure(what: string, why: string): CniError {
  return new CniError(ErrorCode.internal, `host-local: ${what}`, why);
}
