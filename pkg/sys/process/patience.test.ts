import { afterEach, expect, test, vi } from 'vitest';
import { PATIENCE, patienceFor } from './patience.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('the tool and the daemon have all the time in the world', () => {
  vi.stubEnv('CNI_COMMAND', undefined);
  vi.spyOn(performance, 'now').mockReturnValue(10 * PATIENCE.call);
  expect(patienceFor(240_000)).toBe(240_000);
});

test.each([
  ['at its beginning', 0, 240_000, PATIENCE.call],
  ['a program that wants less', 10_000, 30_000, 30_000],
  ['what is left', PATIENCE.call - 7_000.5, 30_000, 7_001],
  ['enough to take things back', 2 * PATIENCE.call, 30_000, PATIENCE.last],
  ['no more than is wanted', 2 * PATIENCE.call, 1_000, 1_000],
])('a call: %s', (_, elapsed, wanted, expected) => {
  vi.stubEnv('CNI_COMMAND', 'ADD');
  vi.spyOn(performance, 'now').mockReturnValue(elapsed);
  expect(patienceFor(wanted)).toBe(expected);
});

test('a call in which everything hangs is over before kubelet is', () => {
  // A delegate, its DEL, and three programs that would take something back.
  expect(PATIENCE.call + 4 * PATIENCE.last).toBeLessThan(120_000);
  expect(PATIENCE.plan + PATIENCE.undo).toBeLessThanOrEqual(PATIENCE.call);
});
