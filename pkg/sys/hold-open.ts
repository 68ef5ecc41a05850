/** Longer than the kernel needs until nobody can see any more what was deleted, also on a busy machine. */
const HOLD_MS = 50;

/**
 * Has a child keep a netlink socket open for a moment by which rules were deleted; never throws. Whoever closes the last
 * descriptor of one within milliseconds after a deletion is kept until the rules are freed, and so is everybody who
 * changes rules or deletes links in that time. Without a child closing takes its time, and that is all.
 */
export function holdOpen(fd: number): void {
  if (typeof Native !== 'undefined') Native.sendByChild(fd, [HOLD_MS]);
}
