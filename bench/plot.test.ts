import { expect, test } from 'vitest';
import { barPlot, linePlot } from './plot.ts';

/** Widths of all bars, without the background and the legend. */
function widths(svg: string): readonly number[] {
  return [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)" height="13"/g)].map(([, width]) => Number(width));
}

test('bars are as long as what they stand for', () => {
  const svg = barPlot('ADD', 'a < b', [
    { name: 'one', ours: 10, reference: 40 },
    { name: 'two', ours: 5, reference: 20 },
  ]);
  expect(widths(svg)).toEqual([140, 560, 70, 280]);
  expect(svg).toContain('10.0 ms (×0.25)');
  expect(svg).toContain('a &lt; b');
});

test('a line goes through its points, from zero up', () => {
  const svg = linePlot('ADD', '', [
    {
      name: 'flat',
      isOurs: true,
      points: [
        [0, 10],
        [500, 20],
      ],
    },
  ]);
  const path = /<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" fill="none"/.exec(svg);
  const [left = 0, low = 0, right = 0, high = 0] = (path ?? []).slice(1).map(Number);
  expect([left, right]).toEqual([190, 750]);
  // The axis ends a twentieth above the highest point.
  expect((378 - high) / (378 - low)).toBeCloseTo(2, 2);
});

test('many points have few numbers below them, the last among them, and a legend only where it says something', () => {
  const points = Array.from({ length: 100 }, (_, index): [number, number] => [50 * (index + 1), 20]);
  const svg = linePlot('ADD', '', [{ name: 'one', isOurs: true, points }], false);
  const below = [...svg.matchAll(/text-anchor="middle"[^>]*>(\d+)</g)].map(([, number]) => Number(number));
  expect(below).toHaveLength(12);
  expect(below.at(-1)).toBe(5000);
  expect(svg).not.toContain('reference');
});
