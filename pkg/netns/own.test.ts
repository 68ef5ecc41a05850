import { expect, test } from 'vitest';
import { openNetns } from './open.ts';
import { ownNetns } from './own.ts';

test('the own namespace can be used like any other', async () => {
  const own = ownNetns();
  expect(own.isOwn()).toBe(true);
  expect(own.label).toBe('host');
  expect(own.prefix).toEqual([]);
  expect(own.run(() => 5)).toBe(5);
  expect(await own.readFile('/proc/sys/kernel/ostype')).toBe('Linux\n');
  expect((await own.start({ argv: ['echo', 'here'] }).outcome()).stdout).toBe('here\n');
  const opened = openNetns(own.path);
  expect(opened.equals(own)).toBe(true);
  opened.close();
});
