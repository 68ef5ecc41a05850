import { bindFunctions } from './libc.ts';

/** Where the thread can be for a moment: a network namespace. */
interface Place {
  readonly canEnter: boolean;
  run<T>(work: () => T extends PromiseLike<unknown> ? never : T): T;
}

const AF_UNIX = 1;
const AF_PACKET = 17;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFINDEX = 0x8933;
const IFF_RUNNING = 0x40;
/** `struct ifreq`: a name, and behind it what is asked for. */
const REQUEST_BYTES = 40;
const NAME_BYTES = 16;
const ADDRESS_BYTES = 20;
/** Longer than this process lives after that, also on a busy machine. */
const HOLD_MS = 50;

/** The index of a link that is up for frames; `undefined` of any other, and where that cannot be asked without waiting. */
export function runningLink(place: Place, link: string): number | undefined {
  if (typeof Native === 'undefined' || !place.canEnter) return undefined;
  const { symbols } = bindFunctions('socket', 'ioctl', 'close');
  // Any socket will do, and this one costs least. Unlike netlink it waits for nobody who changes links.
  const fd = place.run(() => symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
  if (fd < 0) return undefined;
  try {
    const request = new Uint8Array(REQUEST_BYTES);
    const answer = new DataView(request.buffer, NAME_BYTES);
    request.set(new TextEncoder().encode(link));
    if (symbols.ioctl(fd, SIOCGIFFLAGS, request) < 0 || (answer.getUint16(0, true) & IFF_RUNNING) === 0)
      return undefined;
    return symbols.ioctl(fd, SIOCGIFINDEX, request) < 0 ? undefined : answer.getInt32(0, true);
  } finally {
    symbols.close(fd);
  }
}

/**
 * Sends frames from the link with an index, without waiting until they have got everywhere; a large bridge needs
 * milliseconds for one. Gives whether they are on their way; not where there are no such sockets.
 *
 * Children send them. Whoever closes such a socket last is kept until nobody can be receiving by it, so they hold it until
 * this process is over.
 */
export function sendFromLink(place: Place, index: number, frames: readonly Uint8Array[]): boolean {
  if (typeof Native === 'undefined' || !place.canEnter) return false;
  const { symbols } = bindFunctions('socket', 'bind', 'close');
  // Without a protocol nothing is ever received.
  const fd = place.run(() => symbols.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0));
  if (fd < 0) return false;
  try {
    const address = new Uint8Array(ADDRESS_BYTES);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setInt32(4, index, true);
    if (symbols.bind(fd, address, address.length) < 0) return false;
    for (const frame of frames) if (Native.sendByChild(fd, frame, HOLD_MS) < 0) return false;
    return true;
  } finally {
    symbols.close(fd);
  }
}
