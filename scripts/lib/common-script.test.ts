import { expect, test } from 'vitest';
import { chooseCommonScript } from './common-script.ts';

/** A program as esbuild reports it: for each file what it imports, `later:` what it loads when it is needed. */
function reported(files: Readonly<Record<string, readonly string[]>>) {
  const inputs: Parameters<typeof chooseCommonScript>[1]['inputs'] = {};
  for (const [file, imports] of Object.entries(files)) {
    inputs[file] = {
      bytes: 1,
      imports: imports.map((path) =>
        path.startsWith('later:')
          ? { path: path.slice('later:'.length), kind: 'dynamic-import' }
          : { path, kind: 'import-statement' },
      ),
    };
  }
  return { inputs };
}

const PROGRAM = {
  'main.ts': ['always.ts', 'plugins/a/plugin.ts', 'plugins/b/plugin.ts', 'later:tool.ts', 'node:fs'],
  'always.ts': [],
  'plugins/a/plugin.ts': ['later:plugins/a/add.ts', 'later:plugins/a/del.ts'],
  'plugins/b/plugin.ts': ['later:plugins/b/add.ts', 'later:plugins/b/status.ts'],
  'plugins/a/add.ts': ['always.ts', 'kernel.ts', 'rare.ts'],
  'plugins/a/del.ts': ['kernel.ts'],
  'plugins/b/add.ts': ['kernel.ts', 'later:failed.ts'],
  'plugins/b/status.ts': [],
  'kernel.ts': ['below.ts'],
  'below.ts': ['kernel.ts'],
  'rare.ts': [],
  'failed.ts': ['below.ts'],
  'tool.ts': ['rare.ts'],
};

test('what many verbs need is common, and everyone who needs any of it loads it', () => {
  const { files, loadedBy } = chooseCommonScript('main.ts', reported(PROGRAM));
  expect([...files].sort()).toEqual(['below.ts', 'kernel.ts']);
  expect([...loadedBy].sort()).toEqual(['failed.ts', 'plugins/a/add.ts', 'plugins/a/del.ts', 'plugins/b/add.ts']);
});

test('a part that is loaded on its own stays so, and what is always there is left where it is', () => {
  const eager = { ...PROGRAM, 'plugins/a/del.ts': ['kernel.ts', 'failed.ts'], 'kernel.ts': ['below.ts', 'always.ts'] };
  const { files } = chooseCommonScript('main.ts', reported(eager));
  expect([...files].sort()).toEqual(['below.ts', 'kernel.ts']);
});

test('a program without plugins has nothing in common', () => {
  expect(chooseCommonScript('main.ts', reported({ 'main.ts': ['later:a.ts'], 'a.ts': [] })).files).toEqual([]);
});
