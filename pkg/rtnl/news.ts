import type { Netns } from '../netns/netns.ts';
import { thrownErrno } from '../sys/errno.ts';
import { type Libc, libc } from '../sys/libc.ts';

/** What the kernel tells about without being asked. */
export const NEWS_GROUP = { links: 1, ipv6Addresses: 9 } as const;

/** Wakes up who waits for something to become true. */
export interface News {
  /** Ends when there is any news, or after so many milliseconds. */
  next(timeoutMs: number): Promise<void>;
  close(): void;
}

/** The thread is not blocked for longer than this, so that signals get their turn. */
const SLICE_MS = 20;

/** How often is looked where the kernel cannot be listened to. */
const PAUSE_MS = 50;

/**
 * Listens to a namespace. Listen first, then look, then wait: what happens in between is news.
 *
 * @example
 * const news = listen(netns, NEWS_GROUP.links);
 * try {
 *   while (!(await isUp())) await news.next(1000);
 * } finally {
 *   news.close();
 * }
 */
export function listen(place: Netns, group: number): News {
  const c = libc();
  if (c === undefined || !place.canEnter) return PAUSES;
  return listenNatively(
    c,
    place.run(() => c.newsSocket(group, SLICE_MS)),
  );
}

const PAUSES: News = {
  next: (timeoutMs) => new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MS, timeoutMs))),
  close() {},
};

function listenNatively(c: Libc, fd: number): News {
  const buffer = new Uint8Array(8192);
  return {
    async next(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      do {
        try {
          c.receive(fd, buffer);
          return;
        } catch (thrown) {
          // So much news that some was lost is news as well.
          if (thrownErrno(thrown) === 'ENOBUFS') return;
          if (thrownErrno(thrown) !== 'EAGAIN' && thrownErrno(thrown) !== 'EINTR') throw thrown;
        }
        await new Promise((resolve) => setImmediate(resolve));
      } while (performance.now() < deadline);
    },
    close: () => c.close(fd),
  };
}
