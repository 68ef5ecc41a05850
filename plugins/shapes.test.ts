import { expect, test } from 'vitest';
import { PLUGIN_NAMES } from './names.ts';
import { shapesOfPlugins } from './shapes.ts';
import { pluginNamed } from './table.ts';

test('every plugin with keys of its own is read without the library of its schema', async () => {
  const withKeys = PLUGIN_NAMES.filter((name) => pluginNamed(name)?.config !== undefined);
  expect(Object.keys(await shapesOfPlugins())).toEqual(withKeys);
});
