/** What one pod cost: times in microseconds, the most memory that one of its plugins had, and a mere VERSION then. */
export interface Cycle {
  readonly number: number;
  readonly add: number;
  readonly del: number;
  readonly peakKiB: number;
  readonly version: number;
}

/** What there was when a pod was gone, by name. */
export type Stock = Readonly<Record<string, number>>;

/** A whole run. */
export interface Soak {
  readonly cycles: readonly Cycle[];
  readonly stocks: readonly Stock[];
}

/** How one figure went over a run. */
export interface Course {
  readonly first: number;
  readonly last: number;
  /** By the line of least squares: what the end has more than the beginning, as a part of the mean. */
  readonly growth: number;
}

/** Reads what soak-loop.pl prints. */
export function readSoak(output: string): Soak {
  const cycles: Cycle[] = [];
  const stocks: Stock[] = [];
  for (const line of output.split('\n')) {
    if (line.startsWith('stock ')) {
      const pairs = [...line.matchAll(/(\w+)=(\d+)/g)].map(([, name = '', value]) => [name, Number(value)] as const);
      stocks.push(Object.fromEntries(pairs));
    } else if (line !== '') {
      const [number = NaN, add = NaN, del = NaN, peakKiB = NaN, version = NaN] = line.split(' ').map(Number);
      cycles.push({ number, add, del, peakKiB, version });
    }
  }
  return { cycles, stocks };
}

/** The value below which this part of all values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/** Cuts values into so many pieces of the same length, in order. */
export function pieces(values: readonly number[], count: number): readonly (readonly number[])[] {
  const at = (index: number): number => Math.round((index * values.length) / count);
  return Array.from({ length: count }, (_, index) => values.slice(at(index), at(index + 1)));
}

/**
 * How a figure went: the first tenth against the last, and the line through all tenths. Of each tenth a low quartile
 * counts, because what else the machine does only makes things slower. What the machine itself became slower by is
 * taken out, where a yardstick tells.
 */
export function courseOf(values: readonly number[], yardstick: readonly number[] = []): Course {
  const low = (all: readonly number[]): readonly number[] => pieces(all, 10).map((tenth) => quantile(tenth, 0.25));
  const lengths = low(yardstick);
  const tenths = low(values).map((value, index) => value / (lengths[index] || 1));
  const [first = NaN, last = NaN] = [tenths[0], tenths.at(-1)];
  const mean = tenths.reduce((sum, value) => sum + value, 0) / tenths.length;
  return { first, last, growth: (slopeOf(tenths) * (tenths.length - 1)) / mean };
}

/** The slope of the line of least squares through values at 0, 1, 2 … */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [above, below] = [0, 0];
  for (const [index, value] of values.entries()) {
    above += (index - middle) * (value - mean);
    below += (index - middle) ** 2;
  }
  return above / below;
}
