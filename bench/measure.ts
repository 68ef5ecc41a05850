import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../scripts/lib/project.ts';
import { nativeRuntime } from '../scripts/lib/runtime.ts';

/** A program whose whole life is measured. */
export interface MeasuredCommand {
  readonly file: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its stdin; without one it is empty. */
  readonly stdinFile?: string;
}

/** Milliseconds from just before spawn to exit. */
export interface Measurement {
  readonly median: number;
  readonly minimum: number;
}

/** What the figures contain, for the reader. */
export const INCLUDED =
  'from just before spawn until the exit is noticed, one process at a time, spawned by a loop in one helper process';

/** Runs programs in turn, `rounds` times each, in alternating order. */
export async function measure(commands: readonly MeasuredCommand[], rounds: number): Promise<readonly Measurement[]> {
  const { stdout } = await execa(nativeRuntime(), [join(ROOT, 'bench/spawn-loop.ts')], {
    input: JSON.stringify({ commands, rounds }),
  });
  return (JSON.parse(stdout) as number[][]).map(summarize);
}

/** Milliseconds with two digits. */
export function shown(milliseconds: number): string {
  return milliseconds.toFixed(2);
}

function summarize(nanoseconds: readonly number[]): Measurement {
  const sorted = nanoseconds.map((value) => value / 1e6).sort((a, b) => a - b);
  return { median: at(sorted, 0.5), minimum: at(sorted, 0) };
}

/** The value that this share of the others is below; between two values, their mean is near enough. */
function at(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const low = sorted[Math.floor(position)] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? Number.NaN;
  return (low + high) / 2;
}
