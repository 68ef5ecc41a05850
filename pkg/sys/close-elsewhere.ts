import { bindFunctions } from './libc.ts';

/** Longer than the kernel needs until nobody can see any more what was deleted, also on a busy machine. */
const HOLD_MS = 50;

/**
 * Closes a netlink socket by which rules were deleted; never throws. Whoever closes the last descriptor of one within
 * milliseconds after a deletion is kept until the rules are freed, and so is everybody who changes rules or deletes links
 * in that time. A child keeps it open until that is over.
 */
export function closeElsewhere(fd: number): void {
  if (typeof Native !== 'undefined') Native.sendByChild(fd, [HOLD_MS]);
  // Without a child closing takes its time, and that is all.
  bindFunctions('close').symbols.close(fd);
}
