import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { style } from '../scripts/lib/print.ts';
import type { TimedProgram } from '../scripts/lib/timed-run.ts';

/** Milliseconds from just before spawn to exit. */
export interface Measurement {
  readonly median: number;
  readonly minimum: number;
  /** What only one in a hundred exceeds; of fewer than a hundred, nearly the longest. */
  readonly p99: number;
  /** Median of the ratios to the first program in the same round: what slows a whole round cancels out. */
  readonly ratio: number;
}

/** What the figures contain, for the reader. */
export const INCLUDED =
  'from just before spawn until the exit is noticed, one process at a time, spawned by a loop in one helper process';

/**
 * Runs programs in turn, `rounds` times each, in alternating order.
 *
 * @param inOrder keeps the order, for programs that undo what another one did
 */
export async function measure(
  commands: readonly TimedProgram[],
  rounds: number,
  inOrder = false,
): Promise<readonly Measurement[]> {
  const { stdout } = await execa(await driver('bench/spawn-loop.ts'), {
    input: JSON.stringify({ commands, rounds, inOrder }),
  });
  const times = JSON.parse(stdout) as number[][];
  return times.map((own) => summarize(own, times[0] ?? []));
}

/** Milliseconds with two digits. */
export function shown(milliseconds: number): string {
  return milliseconds.toFixed(2);
}

/** Whether a ratio keeps its limit, for people; nothing without one. */
export function verdict(ratio: number, limit: number | undefined): string {
  if (limit === undefined) return '';
  return ratio <= limit ? style('green', `pass (≤ ${limit})`) : style('red', `FAIL (> ${limit})`);
}

/** Median, minimum and paired ratio of one program's times, in nanoseconds, to those of another. */
export function summarize(own: readonly number[], base: readonly number[]): Measurement {
  const sorted = sort(own);
  const ratios = sort(own.map((value, round) => value / (base[round] ?? Number.NaN)));
  const [median, minimum, p99] = [at(sorted, 0.5) / 1e6, at(sorted, 0) / 1e6, at(sorted, 0.99) / 1e6];
  return { median, minimum, p99, ratio: at(ratios, 0.5) };
}

function sort(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** The value that this share of the others is below; between two values, their mean is near enough. */
function at(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return (low + high) / 2;
}
