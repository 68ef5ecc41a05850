import { expect, test } from 'vitest';
import { hasBurst } from './burst.ts';

test.each([
  // As the kernel shows what the reference and `tc` told it: the same, or less than a microsecond apart.
  [1_000_000, 100_000, 0x17d784, 0x17d784],
  [154_320, 956_790, 0x5c63449, 0x5c63457],
  [5_000_000_000, 5_000_000, 0x3d09, 0x3d08],
  [1_250_000, 536_870_911, 0x8fffffe7, 0x8ffffff3],
  // At low rates the kernel's factor is not exact enough for the last bits.
  [7777, 536_870_911, 0x2424b491, 0x2424b426],
])('at %i bytes a second a burst of %i is told in two ways', (rate, burst, told, counted) => {
  for (const shown of [told, counted]) {
    expect(hasBurst(shown, rate, burst)).toBe(true);
    expect(hasBurst(shown + 1, rate, burst) && hasBurst(shown - 1, rate, burst)).toBe(false);
  }
});

test('where next to nothing would be left of the bits, all of them or what the program leaves', () => {
  expect(hasBurst(0xffff_ffff, 1_953_124, 536_870_911)).toBe(true);
  expect(hasBurst(0x88d, 1_953_124, 536_870_911)).toBe(true);
  expect(hasBurst(0x88d, 1_953_124, 536_870_910)).toBe(false);
});
