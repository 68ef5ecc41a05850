import type { Binding } from '../libc.ts';

const POLLIN = 1;
const WNOHANG = 1;
/** Also a child whose end nobody is told of. */
const WALL = 0x40000000;
/** How often is looked whether the child is still there. */
const LOOK_MS = 20;
const EINTR = 4;
const ENOBUFS = 105;
/** Longer than the kernel needs until nobody can see any more what was deleted, also on a busy machine. */
const HOLD_MS = 50;

/**
 * Has a child process send a request, which the kernel keeps until it is through with all that follows from it; the child
 * may outlive this process. Gives what waits until there is something to receive, and throws when nothing will come.
 */
export function sendByChild(
  { symbols, checked }: Binding<'poll' | 'wait4'>,
  fd: number,
  request: Uint8Array,
): () => void {
  if (typeof Native === 'undefined') throw new Error('only the executable has children that share its sockets');
  const pid = checked('clone', Native.sendByChild(fd, [request]));
  // struct pollfd: the descriptor, and behind it what is waited for.
  const polled = new Int32Array([fd, POLLIN]);
  const status = new Int32Array(1);
  let hasEnded = false;
  return () => {
    for (;;) {
      const ready = symbols.poll(polled, 1, LOOK_MS);
      if (ready > 0) return;
      if (ready < 0 && ready !== -EINTR) checked('poll', ready);
      if (hasEnded) checked('send', -errnoOf(status[0] ?? 0));
      // What it has caused can be received from then on, so that is looked for once more.
      hasEnded = checked('wait4', symbols.wait4(pid, status, WNOHANG | WALL, null)) > 0;
    }
  };
}

/** Why nothing came from a child that ended so. */
function errnoOf(status: number): number {
  if ((status & 0x7f) !== 0) return EINTR;
  // It was sent, and there was no room for the answer.
  return status >> 8 === 0 ? ENOBUFS : status >> 8;
}

/**
 * Has a child keep a netlink socket open for a moment by which rules were deleted; never throws. Whoever closes the last
 * descriptor of one within milliseconds after a deletion is kept until the rules are freed, and so is everybody who
 * changes rules or deletes links in that time. Without a child closing takes its time, and that is all.
 */
export function holdOpen(fd: number): void {
  if (typeof Native !== 'undefined') Native.sendByChild(fd, [HOLD_MS]);
}
