import { host } from './host.ts';
import { keepAlive } from './loop.ts';
import { onSignal } from './signals.ts';

const WNOHANG = 1;

const running = new Map<number, (status: number) => void>();
let isListening = false;

/** See `Native.childEnd`. */
export function childEnd(pid: number): Promise<number> {
  if (!isListening) {
    isListening = true;
    onSignal('SIGCHLD', collect);
  }
  const ended = new Promise<number>((resolve) => void running.set(pid, resolve));
  keepAlive(1);
  // It may have ended before anybody listened.
  collect();
  return ended;
}

function collect(): void {
  for (const [pid, resolve] of running) {
    const status = new Int32Array(1);
    if (host.libc('wait4')(pid, status, WNOHANG, null) === 0) continue;
    running.delete(pid);
    keepAlive(-1);
    resolve(status[0] ?? 0);
  }
}
