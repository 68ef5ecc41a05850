import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

test('a socket that is held open is closed here at once, and a moment later for the kernel', async () => {
  const { stdout, stderr } = await host.run([await driver('test/netns/hold-open-driver.ts')]);
  expect(stderr).toBe('');
  const { before, known, held, after, afterNone, left } = JSON.parse(stdout) as Record<string, unknown>;
  expect([known, held]).toEqual([2, 2]);
  expect(after).toEqual(before);
  expect(afterNone).toEqual(before);
  expect(left).toBe(0);
});
