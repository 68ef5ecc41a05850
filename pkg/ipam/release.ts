import type { ValidAttachment } from '../skel/plugin.ts';
import type { LeaseOwner } from './lease.ts';
import type { LeaseStore } from './store.ts';

/** Frees every address of an attachment; none is as good. */
export function releaseAll(store: LeaseStore, owner: LeaseOwner): void {
  const leases = store.ownedBy(owner);
  if (leases.length > 0) {
    store.release(owner, leases);
    return;
  }
  // Leases of the oldest plugins name no interface.
  const anyInterface = { containerId: owner.containerId, ifName: '' };
  const legacy = store.ownedBy(anyInterface);
  if (legacy.length > 0) store.release(anyInterface, legacy);
  // An ADD that was killed may have come no further than its record.
  store.forget(owner);
}

/** Frees every address of the network that no valid attachment has. */
export function collectGarbage(store: LeaseStore, valid: readonly ValidAttachment[]): void {
  const containers = new Set(valid.map(({ containerID }) => containerID));
  const attachments = new Set(valid.map(({ containerID, ifname }) => `${containerID}\n${ifname}`));
  const { leases, damaged } = store.content();
  for (const lease of [...leases.values()]) {
    const { containerId, ifName } = lease.owner;
    const isValid = ifName === '' ? containers.has(containerId) : attachments.has(`${containerId}\n${ifName}`);
    if (isValid) continue;
    store.release(lease.owner, [lease]);
    store.warn(`freed ${lease.address} of container ${containerId}: the runtime does not know it any more`);
  }
  store.forgetOthers((owner) => attachments.has(`${owner.containerId}\n${owner.ifName}`));
  for (const path of [...damaged]) {
    store.discard(path);
    store.warn(`removed ${path}: it is empty or damaged and names no container`);
  }
}
