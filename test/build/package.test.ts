import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { ROOT } from '../../scripts/lib/project.ts';
import { schemaFiles } from '../../scripts/lib/schema-files.ts';
import { ARCHIVE, BIN, temporaryFolder } from './support.ts';

const names = ['cni', ...PLUGIN_NAMES].sort();
const BESIDE = ['LICENSE', 'NOTICE', 'conf', 'deploy'];

describe('dist/bin', () => {
  it('has every plugin and the tool, and nothing else', () => {
    expect(readdirSync(BIN).sort()).toEqual(names);
  });

  it('is a file for each name', () => {
    expectOwnFiles(BIN);
  });
});

describe('the release archive', () => {
  it('unpacks to the same files, and what is needed beside them', async () => {
    const folder = temporaryFolder();
    await execa('tar', ['-xf', ARCHIVE, '-C', folder]);
    expect(readdirSync(folder).sort()).toEqual([...names, ...BESIDE].sort());
    expectOwnFiles(folder);
    await execa('cmp', [join(folder, 'cni'), join(BIN, 'cni')]);
    for (const name of ['deploy', 'LICENSE']) await execa('diff', ['-r', join(ROOT, name), join(folder, name)]);
    expect(readdirSync(join(folder, 'conf')).sort()).toEqual([...readdirSync(join(ROOT, 'conf')), 'schema'].sort());
    await execa('diff', ['-r', '--exclude=schema', join(ROOT, 'conf'), join(folder, 'conf')]);
  });

  it("has the plugins' schemas in conf/schema, as they are in dist/schema", async () => {
    const folder = temporaryFolder();
    await execa('tar', ['-xf', ARCHIVE, '-C', folder, './conf/schema']);
    for (const place of [join(folder, 'conf/schema'), join(ROOT, 'dist/schema')]) {
      const found = readdirSync(place).map((name) => [name, readFileSync(join(place, name), 'utf8')]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(await schemaFiles()));
    }
  });

  it('is small, though it has every executable', () => {
    expect(statSync(ARCHIVE).size).toBeLessThan(10_000_000);
    const unpacked = names.reduce((sum, name) => sum + statSync(join(BIN, name)).size, 0);
    expect(unpacked).toBeLessThan(105_000_000);
  });

  it('has the terms of everything that is linked in', async () => {
    const { stdout } = await execa('tar', ['-xOf', ARCHIVE, './NOTICE']);
    const titles = [...stdout.matchAll(/^=+\n(.*)\n=+$/gm)].map(([, title]) => title?.split(' ')[0]);
    expect(titles).toEqual(['QuickJS', '@pkgjs/parseargs', 'zod', 'The']);
    for (const words of ['Fabrice Bellard', 'Rich Felker', 'Colin McDonnell']) {
      expect(stdout).toContain(words);
    }
  });

  it('lists sorted names, root as owner and nothing of the machine that built it', async () => {
    const { stdout } = await execa('tar', ['--numeric-owner', '-tvf', ARCHIVE]);
    const lines = stdout.split('\n');
    expect(lines.slice(0, names.length).map((line) => line.replace(/^.*? \.\//, ''))).toEqual(names);
    for (const [index, line] of lines.entries()) {
      expect(line).toMatch(index < names.length ? /^-rwxr-xr-x 0\/0 / : /^(?:-rw-r--r--|drwxr-xr-x) 0\/0 /);
    }
  });

  it('comes with a checksum that sha256sum accepts', async () => {
    const { stdout } = await execa('sha256sum', ['--check', `${ARCHIVE}.sha256`], { cwd: dirname(ARCHIVE) });
    expect(stdout).toMatch(/: OK$/);
  });
});

function expectOwnFiles(folder: string): void {
  for (const name of names) {
    const { nlink, mode } = statSync(join(folder, name));
    expect([name, nlink, mode & 0o777]).toEqual([name, 1, 0o755]);
  }
}
