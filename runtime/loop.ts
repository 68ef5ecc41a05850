import { host } from './host.ts';

/** One `setTimeout`. */
interface Timer {
  readonly at: number;
  readonly act: () => void;
}

interface Watch {
  readonly fd: number;
  readonly events: number;
  readonly act: () => void;
  /** Not worth going on for when there is nothing else. */
  readonly isBackground: boolean;
}

const EVENTS = { readable: 1, writable: 4 } as const;
/** The longest that `poll` is asked to wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

const timers = new Set<Timer>();
const watches = new Set<Watch>();
let immediates: (() => void)[] = [];
/** What is to be done before anything new is looked for. */
let ready: (() => void)[] = [];
let nextReady = 0;
/** How many of those who are told in the background still have something to wait for. */
let expected = 0;

const poll = host.libc('poll');

/** `setTimeout`. */
export function startTimer(act: () => void, milliseconds = 0): Timer {
  const timer = { at: host.now() + milliseconds, act };
  timers.add(timer);
  return timer;
}

/** `clearTimeout`. */
export function stopTimer(timer: Timer | undefined): void {
  if (timer !== undefined) timers.delete(timer);
}

/** `setImmediate`. */
export function startImmediate(act: () => void): void {
  immediates.push(act);
}

/** See `Native.watch`. */
export function watch(fd: number, what: keyof typeof EVENTS, act: () => void, isBackground = false): () => void {
  const added = { fd, events: EVENTS[what], act, isBackground };
  watches.add(added);
  return () => void watches.delete(added);
}

/** Counts what only a watch in the background can bring. */
export function keepAlive(change: 1 | -1): void {
  expected += change;
}

/** Does one piece of work, so that what it promised is looked after before the next; see `Native.setLoop`. */
export function turn(): boolean {
  if (nextReady === ready.length) lookForWork();
  const act = ready[nextReady];
  if (act === undefined) return isExpecting();
  nextReady += 1;
  act();
  return true;
}

function isExpecting(): boolean {
  if (timers.size > 0 || immediates.length > 0 || expected > 0) return true;
  for (const { isBackground } of watches) if (!isBackground) return true;
  return false;
}

/** Timers that are due, then descriptors that are ready, then what had only to wait for its turn. */
function lookForWork(): void {
  ready = [];
  nextReady = 0;
  if (!isExpecting()) return;
  if (watches.size > 0 || immediates.length === 0) askKernel(waitingTime());
  if (timers.size > 0) addDueTimers();
  for (const act of immediates) ready.push(act);
  immediates = [];
}

/** -1 without an end. */
function waitingTime(): number {
  if (immediates.length > 0) return 0;
  let first = Number.POSITIVE_INFINITY;
  for (const { at } of timers) if (at < first) first = at;
  if (first === Number.POSITIVE_INFINITY) return -1;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(first - host.now())));
}

function addDueTimers(): void {
  const now = host.now();
  const due = [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
  for (const timer of due) {
    ready.push(() => {
      // It may have been stopped by what came before.
      if (timers.delete(timer)) timer.act();
    });
  }
}

function askKernel(waitMs: number): void {
  const asked = [...watches];
  const table = new Int32Array(asked.length * 2);
  for (const [index, { fd, events }] of asked.entries()) {
    table[index * 2] = fd;
    table[index * 2 + 1] = events;
  }
  // An interruption is as good as nothing.
  if (poll(table, asked.length, waitMs) <= 0) return;
  for (const [index, one] of asked.entries()) {
    const found = (table[index * 2 + 1] ?? 0) >>> 16;
    if (found === 0) continue;
    ready.push(() => {
      if (watches.has(one)) one.act();
    });
  }
}
