import { afterEach, expect, test, vi } from 'vitest';
import { ownNetns } from '../netns/own.ts';
import { PATIENCE } from '../sys/process/patience.ts';
import type { WorkAction } from './action.ts';
import { ipDriver } from './ip-driver.ts';
import { undoAll } from './undo.ts';

afterEach(() => void vi.restoreAllMocks());

test('what hangs leaves time for what is taken back after it, and all have an end', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const given: number[] = [];
  const hanging: WorkAction = {
    kind: 'hanging',
    print: () => ['nft -f -'],
    run: ({ timeoutMs }) => {
      given.push(timeoutMs);
      now += timeoutMs;
      throw new Error('timed out');
    },
  };
  const actions = [1, 2, 3].map(() => ({ place: ownNetns(), action: hanging }));
  const leftovers = await undoAll(actions, { driver: ipDriver, trace: undefined });
  expect(leftovers).toEqual(Array(3).fill('nft -f - (timed out)'));
  expect(given).toEqual([PATIENCE.undo, 1000, 1000]);
});
