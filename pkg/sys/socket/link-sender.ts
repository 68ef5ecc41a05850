import { bindFunctions } from '../libc.ts';
import { AF_PACKET, linkAddress } from './link-address.ts';

/** Where the thread can be for a moment: a network namespace. */
interface Place {
  readonly canEnter: boolean;
  run<T>(work: () => T extends PromiseLike<unknown> ? never : T): T;
}

const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** Longer than this process lives after that, and as a rule those that are called next. */
const HOLD_MS = 25;

/**
 * Sends frames from the link with an index, some of them later, when nobody waits for it any more. Gives whether they
 * are on their way; not where there are no such sockets.
 *
 * A child sends the later ones. Whoever closes such a socket last is kept until nobody can be receiving by it, so the
 * child holds it until this process is over.
 */
export function sendFromLink(
  place: Place,
  index: number,
  now: readonly Uint8Array[],
  later: readonly Uint8Array[],
): boolean {
  if (typeof Native === 'undefined' || !place.canEnter) return false;
  const { symbols } = bindFunctions('socket', 'bind', 'send', 'close');
  // Without a protocol nothing is ever received.
  const fd = place.run(() => symbols.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0));
  if (fd < 0) return false;
  try {
    const address = linkAddress(index);
    if (symbols.bind(fd, address, address.length) < 0) return false;
    for (const frame of now) if (symbols.send(fd, frame, frame.length, 0) < 0) return false;
    return Native.sendByChild(fd, [HOLD_MS, ...later]) >= 0;
  } finally {
    symbols.close(fd);
  }
}
