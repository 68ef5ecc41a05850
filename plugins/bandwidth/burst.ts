import { burstTicks } from '../../pkg/rtnl/tc/qdisc-change.ts';

/** The kernel keeps times in nanoseconds, and shows them in units of 64 of them. */
const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const TICK_SHIFT = 6n;

/**
 * Whether a bucket that shows these ticks has this burst. Natively, and by the reference, the kernel is told a time;
 * `tc` tells it the bytes as well, and then it counts the time itself, to the nanosecond. Of both it shows 32 bits.
 */
export function hasBurst(shown: number, bytesPerSecond: number, burstBytes: number): boolean {
  return shown === burstTicks(bytesPerSecond, burstBytes) || shown === countedTicks(bytesPerSecond, burstBytes);
}

/** A burst as the kernel counts it: by a multiplication whose factor has 32 bits, and is a little too small. */
function countedTicks(bytesPerSecond: number, burstBytes: number): number {
  const rate = BigInt(bytesPerSecond);
  let factor = NANOSECONDS_PER_SECOND;
  let shift = 0n;
  while (factor / rate < 1n << 31n && factor < 1n << 63n) {
    factor <<= 1n;
    shift += 1n;
  }
  const nanoseconds = (BigInt(burstBytes) * (factor / rate)) >> shift;
  return Number(BigInt.asUintN(32, nanoseconds >> TICK_SHIFT));
}
