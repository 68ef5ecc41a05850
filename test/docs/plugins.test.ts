import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keysOf } from '../../pkg/config/help.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { pluginNamed } from '../../plugins/table.ts';
import { ROOT } from '../../scripts/lib/project.ts';

const FOLDER = join(ROOT, 'docs', 'plugins');

test('every plugin has a page, and nothing else has one', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(PLUGIN_NAMES.map((name) => `${name}.md`).sort());
});

describe.each(PLUGIN_NAMES)('the page of %s', (name) => {
  const page = readFileSync(join(FOLDER, `${name}.md`), 'utf8');

  test('has every key', async () => {
    const schema = pluginNamed(name)?.config;
    const keys = schema === undefined ? [] : keysOf(schema).map(({ key }) => key.replace(/^.*\./, ''));
    expect(keys.filter((key) => !new RegExp(`[\`".]${key}[\`".]`).test(page))).toEqual([]);
  });

  test('says what each verb does', () => {
    for (const verb of ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS']) expect(page).toContain(`**${verb}**`);
  });

  test('has an example that is JSON', () => {
    const examples = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = '']) => text);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(typeof JSON.parse(example)).toBe('object');
  });
});

test('no link within the documents leads nowhere', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...markdownIn('docs'), ...markdownIn('conf'), ...markdownIn('deploy')];
  const broken = pages.flatMap((file) => {
    const folder = join(ROOT, file, '..');
    const links = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
    return links.filter(([, to = '']) => !isThere(join(folder, to))).map(([, to]) => `${file}: ${to}`);
  });
  expect(broken).toEqual([]);
});

function markdownIn(folder: string): readonly string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}

function isThere(path: string): boolean {
  try {
    readdirSync(join(path, '..'));
    return readdirSync(join(path, '..')).includes(path.replace(/\/$/, '').split('/').at(-1) ?? '');
  } catch {
    return false;
  }
}
