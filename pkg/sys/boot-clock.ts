import { readExistingFile } from './files/files.ts';
import { type Binding, bindFunctions } from './libc.ts';

const CLOCK_BOOTTIME = 7;

let bound: Binding<'clock_gettime'> | undefined;

/** Milliseconds since the boot, suspension included: never set back or forward by anybody, the same in every process. */
export function sinceBoot(): number {
  if (typeof Native === 'undefined') return Number(readExistingFile('/proc/uptime').split(' ')[0]) * 1000;
  bound ??= bindFunctions('clock_gettime');
  const { symbols, checked } = bound;
  const time = new BigInt64Array(2);
  checked('clock_gettime', symbols.clock_gettime(CLOCK_BOOTTIME, time));
  const [seconds = 0n, nanoseconds = 0n] = time;
  return Number(seconds) * 1000 + Number(nanoseconds) / 1_000_000;
}
