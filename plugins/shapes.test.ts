import { expect, test } from 'vitest';
import { shapesOfPlugins } from './shapes.ts';

test('every plugin with keys of its own is read without the library of its schema', async () => {
  expect(Object.keys(await shapesOfPlugins()).sort()).toEqual(['bridge', 'firewall', 'host-local', 'static', 'tuning']);
});
