import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { ARCHIVE, BIN, temporaryFolder } from './support.ts';

const names = ['cni', ...PLUGIN_NAMES].sort();

describe('dist/bin', () => {
  it('has every plugin and the tool, and nothing else', () => {
    expect(readdirSync(BIN).sort()).toEqual(names);
  });

  it('is one file with many names', () => {
    expectOneFile(BIN);
  });
});

describe('the release archive', () => {
  it('unpacks to the same files, hard links kept', async () => {
    const folder = temporaryFolder();
    await execa('tar', ['-xzf', ARCHIVE, '-C', folder]);
    expect(readdirSync(folder).sort()).toEqual(names);
    expectOneFile(folder);
    await execa('cmp', [join(folder, 'cni'), join(BIN, 'cni')]);
  });

  it('lists sorted names, root as owner and nothing of the machine that built it', async () => {
    const { stdout } = await execa('tar', ['--numeric-owner', '-tvzf', ARCHIVE]);
    const lines = stdout.split('\n');
    expect(lines.map((line) => line.replace(/^.*? \.\//, '').replace(/ link to .*/, ''))).toEqual(names);
    for (const line of lines) expect(line).toMatch(/^[-h]rwxr-xr-x 0\/0 /);
  });

  it('comes with a checksum that sha256sum accepts', async () => {
    const { stdout } = await execa('sha256sum', ['--check', `${ARCHIVE}.sha256`], { cwd: dirname(ARCHIVE) });
    expect(stdout).toMatch(/: OK$/);
  });
});

function expectOneFile(folder: string): void {
  expect(new Set(names.map((name) => statSync(join(folder, name)).ino)).size).toBe(1);
  for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o755);
}
