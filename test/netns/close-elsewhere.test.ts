import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

test('a file that is closed elsewhere is closed here at once, and soon for the kernel', async () => {
  const { stdout, stderr } = await host.run([await driver('test/netns/close-elsewhere-driver.ts')]);
  expect(stderr).toBe('');
  const { before, known, after, afterNone, left } = JSON.parse(stdout) as Record<string, unknown>;
  expect(known).toBe(2);
  expect(after).toEqual(before);
  expect(afterNone).toEqual(before);
  expect(left).toBe(0);
});
