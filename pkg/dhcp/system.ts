import { sinceBoot } from '../sys/boot-clock.ts';
import { openPacketSocket, watchPacketSocket } from '../sys/socket/packet.ts';
import type { Clock, Wire } from './client.ts';

/** Longer than this no timer of the runtime waits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Who floods a link must not fill the memory. */
const MAX_WAITING_FRAMES = 64;

/** The clock of this machine. */
export const systemClock: Clock = { now: sinceBoot, sleep, random: Math.random };

function sleep(until: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, Math.min(LONGEST_TIMER_MS, Math.ceil(until - sinceBoot()))));
    signal.addEventListener('abort', end);
  });
}

/**
 * A wire on the link with this index. What is given opens the socket at once, in the namespace that the thread is in
 * then; what that gives may be called anywhere.
 */
export function openWire(index: number): () => Promise<Wire> {
  const fd = openPacketSocket(index);
  return async () => {
    const waiting: Uint8Array[] = [];
    let wake = new AbortController();
    const take = (frame: Uint8Array): void => {
      if (waiting.length < MAX_WAITING_FRAMES) waiting.push(frame);
      wake.abort();
    };
    const socket = watchPacketSocket(fd, take);
    return {
      send: (frame) => socket.send(frame),
      close: () => socket.close(),
      async receive(until, signal) {
        if (waiting.length === 0) {
          wake = new AbortController();
          const stop = (): void => wake.abort();
          signal.addEventListener('abort', stop);
          if (signal.aborted) stop();
          await sleep(until, wake.signal);
          signal.removeEventListener('abort', stop);
        }
        return waiting.shift();
      },
    };
  };
}
