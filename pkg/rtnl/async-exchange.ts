import type { Netns } from '../netns/netns.ts';
import { libc } from '../sys/libc.ts';
import type { Message } from './message.ts';
import { IncompleteAnswer, RtnlError, RtnlSocket } from './socket.ts';

/** How long a namespace may keep whoever asks about it. */
const PATIENCE_MS = 2000;
/** Each takes a thread until the kernel has answered, also when nobody waits for it any more. */
const MOST_AT_ONCE = 6;
const TRIES = 5;
const ETIMEDOUT = 110;

let underWay = 0;
const waiting: (() => void)[] = [];

/**
 * Asks the kernel about a namespace, or for a change in it, while the event loop goes on: a daemon serves many, and
 * whoever keeps the kernel busy in one container must not keep the others waiting. Rejects with an {@link RtnlError} when
 * the kernel refuses, and when it has not answered in time.
 */
export async function exchangeAsync(place: Netns, request: Uint8Array): Promise<Message[]> {
  const c = libc();
  if (c === undefined) throw new Error('only the executable has threads');
  const fd = place.run(() => c.routeSocket());
  const socket = new RtnlSocket(c, fd);
  await turn();
  const answered = answerTo(socket, fd, request).finally(() => {
    socket.close();
    passTurn();
  });
  return inTime(answered);
}

/** Waits until one of the others has been answered, if there are as many as may be. */
async function turn(): Promise<void> {
  if (underWay >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else underWay += 1;
}

function passTurn(): void {
  const next = waiting.shift();
  if (next === undefined) underWay -= 1;
  else next();
}

function inTime<T>(answered: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new RtnlError(ETIMEDOUT, `the kernel has not answered within ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    answered.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function answerTo(socket: RtnlSocket, fd: number, request: Uint8Array): Promise<Message[]> {
  for (let tries = 1; ; tries++) {
    const awaitAnswer = socket.exchangeInThread(request);
    await untilReadable(fd);
    try {
      return awaitAnswer();
    } catch (thrown) {
      if (!(thrown instanceof IncompleteAnswer) || tries === TRIES) throw thrown;
    }
  }
}

function untilReadable(fd: number): Promise<void> {
  const native = Native;
  if (native === undefined) throw new Error('only the executable waits for descriptors');
  return new Promise((resolve) => {
    const stop = native.watch(fd, 'readable', () => {
      stop();
      resolve();
    });
  });
}
