import type { Lease } from '../../pkg/ipam/lease-folder.ts';
import type { Verdict } from '../../pkg/ipam/liveness.ts';
import type { HolderSearch } from '../../pkg/libcni/holder.ts';
import type { RecordedPod } from '../../pkg/record/record.ts';

/** A lease with what is thought of its container. */
export interface JudgedLease {
  readonly lease: Lease;
  readonly verdict: Verdict;
  readonly pod?: RecordedPod | undefined;
}

/**
 * Leases of containers without a record, of the reference plugins: alive where the container is found. Where it is not,
 * that is no proof of its death, so they stay unknown: an address can be used without being anybody's in the kernel.
 */
export async function withHolders<T extends JudgedLease>(leases: readonly T[], holders: HolderSearch): Promise<T[]> {
  const found: T[] = [];
  for (const one of leases) {
    const { lease, verdict } = one;
    if (verdict !== 'unknown') found.push(one);
    else {
      const { containerId } = lease.owner;
      const holder = await holders.find(containerId, [lease.address]);
      const pod = one.pod ?? holders.podOf(containerId);
      found.push({ ...one, pod, verdict: holder === undefined ? verdict : 'alive' });
    }
  }
  return found;
}
