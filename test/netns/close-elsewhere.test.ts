import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';
import { nativeRuntime } from '../../scripts/lib/runtime.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

test('a file that is closed elsewhere is closed here at once, and soon for the kernel', async () => {
  const { stdout, stderr } = await host.run([nativeRuntime(), join(ROOT, 'test/netns/close-elsewhere-driver.ts')]);
  expect(stderr).toBe('');
  const { before, known, after, afterNone, left } = JSON.parse(stdout) as Record<string, unknown>;
  expect(known).toBe(2);
  expect(after).toEqual(before);
  expect(afterNone).toEqual(before);
  expect(left).toBe(0);
});
