import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';

const page = readFileSync(join(ROOT, 'docs/your-own-plugin.md'), 'utf8');

/** Code and commands of the page, in their order. */
const blocks = [...page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(([, kind = '', path = '', text = '']) => {
  return { kind, path, text };
});

/** What is big and may be shared, what is made anew, and what is not the project's. */
const LEFT_OUT = ['node_modules', '.cache', 'dist', '.git'];

test('whoever does what docs/your-own-plugin.md says has a plugin that works', { timeout: 180_000 }, async () => {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const copy = mkdtempSync(join(ROOT, 'dist/own-plugin-'));
  try {
    for (const name of LEFT_OUT.slice(0, 2)) symlinkSync(join(ROOT, name), join(copy, name));
    const entries = await execa('ls', ['-A', ROOT]);
    for (const name of entries.stdout.split('\n')) {
      if (!LEFT_OUT.includes(name)) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    for (const { kind, path, text } of blocks) {
      if (kind === 'ts') writeFileSync(join(copy, path), text);
      else await execa('sh', ['-ec', text], { cwd: copy, all: true });
    }
    const help = await execa(join(copy, 'dist/bin/vxlan'), ['--help'], { all: true });
    expect(help.all).toContain('puts each container into an overlay network between nodes');
    for (const key of ['master', 'id', 'remote', 'ipam']) expect(help.all).toContain(key);
    // As pretty as everything else in the project.
    const written = blocks.flatMap(({ path }) => (path === '' ? [] : [join(copy, path)]));
    const changed = ['plugins/names.ts', 'plugins/table.ts', 'cli/lint/facts.ts'].map((path) => join(copy, path));
    const biome = join(ROOT, 'node_modules/.bin/biome');
    const files = [...written, ...changed].map((path) => relative(copy, path));
    await execa(biome, ['check', '--vcs-enabled=false', ...files], { cwd: copy, all: true });
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('it is fifty lines', () => {
  const plugin = blocks.filter(({ path }) => dirname(path) === 'plugins/vxlan');
  const lines = plugin
    .flatMap(({ text }) => text.trim().split('\n'))
    .filter((line) => !/^(?:import |\/\*\* |$)/.test(line));
  expect(plugin).toHaveLength(3);
  expect(lines.length).toBeLessThanOrEqual(50);
});
