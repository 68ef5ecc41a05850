import { host } from './host.ts';
import { watch } from './loop.ts';

const NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15, SIGCHLD: 17 };
/** What glibc's `sigset_t` takes. */
const SET_BYTES = 128;
/** What the kernel writes for each signal, its number first. */
const NEWS_BYTES = 128;
const NON_BLOCKING_CLOSE_ON_EXEC = 0o2004000;

const handlers = new Map<number, (() => void)[]>();
const set = new Uint8Array(SET_BYTES);
let descriptor = -1;

/** `process.on` for signals: from then on the signal does nothing else. */
export function onSignal(name: string, act: () => void): void {
  const number = NUMBERS[name];
  if (number === undefined) throw new Error(`there is no telling of ${name} here`);
  const known = handlers.get(number);
  if (known !== undefined) {
    known.push(act);
    return;
  }
  handlers.set(number, [act]);
  host.holdSignal(number);
  set[(number - 1) >> 3] = (set[(number - 1) >> 3] ?? 0) | (1 << ((number - 1) & 7));
  const isFirst = descriptor < 0;
  descriptor = host.libc('signalfd')(descriptor, set, NON_BLOCKING_CLOSE_ON_EXEC);
  if (descriptor < 0) throw new Error(`signalfd: errno ${-descriptor}`);
  if (isFirst) watch(descriptor, 'readable', tell, true);
}

function tell(): void {
  const news = new Uint8Array(NEWS_BYTES);
  while (host.libc('read')(descriptor, news, news.length) === NEWS_BYTES) {
    for (const act of handlers.get(news[0] ?? 0) ?? []) act();
  }
}
