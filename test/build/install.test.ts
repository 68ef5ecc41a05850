import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { BIN, call, temporaryFolder } from './support.ts';

const NAMES = ['cni', ...PLUGIN_NAMES];
const CONF = JSON.stringify({ cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'loopback' }] });

interface Report {
  readonly placed: readonly { readonly path: string; readonly what: string; readonly kept?: string }[];
}

/** A folder with plugins of somebody else: two that have the same names as ours, and one that has not. */
function occupied(): string {
  const dest = join(temporaryFolder(), 'bin');
  mkdirSync(dest);
  writeFileSync(join(dest, 'bridge'), '#!/bin/sh\necho old bridge\n', { mode: 0o755 });
  symlinkSync('bridge', join(dest, 'loopback'));
  writeFileSync(join(dest, 'whereabouts'), 'foreign', { mode: 0o755 });
  return dest;
}

function cni(dest: string, ...args: string[]) {
  return execa(join(BIN, 'cni'), ['install', '--dest', dest, '--json', ...args], { reject: false });
}

async function report(dest: string, ...args: string[]): Promise<Readonly<Record<string, string>>> {
  const { stdout, stderr, exitCode } = await cni(dest, ...args);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const { placed } = JSON.parse(stdout) as Report;
  return Object.fromEntries(placed.map(({ path, what }) => [path.slice(path.lastIndexOf('/') + 1), what]));
}

function expectAsBefore(dest: string): void {
  expect(readdirSync(dest).sort()).toEqual(['bridge', 'loopback', 'whereabouts']);
  expect(readFileSync(join(dest, 'bridge'), 'utf8')).toContain('old bridge');
  expect(readlinkSync(join(dest, 'loopback'))).toBe('bridge');
}

async function expectInstalled(dest: string): Promise<void> {
  expect(readdirSync(dest).sort()).toEqual(['.cni-ts', 'whereabouts', ...NAMES].sort());
  expect(new Set(NAMES.map((name) => statSync(join(dest, name)).ino)).size).toBe(NAMES.length);
  expect(statSync(join(dest, 'cni')).mode & 0o777).toBe(0o755);
  expect((await call(join(dest, 'bridge'))).stdout).toContain('supportedVersions');
  expect(readFileSync(join(dest, 'whereabouts'), 'utf8')).toBe('foreign');
}

describe('cni install', () => {
  it('puts a file for each name there, says what it replaced, and takes it back', async () => {
    const dest = occupied();
    expect(await report(dest)).toMatchObject({ cni: 'installed', bridge: 'replaced', loopback: 'replaced' });
    await expectInstalled(dest);
    const again = await report(dest);
    expect(new Set(Object.values(again))).toEqual(new Set(['unchanged']));
    expect(await report(dest, '--uninstall')).toMatchObject({
      cni: 'removed',
      bridge: 'restored',
      loopback: 'restored',
    });
    expectAsBefore(dest);
    expect((await cni(dest, '--uninstall')).exitCode).toBe(0);
    expectAsBefore(dest);
  });

  it('tells people', async () => {
    const dest = occupied();
    const { stdout } = await execa(join(BIN, 'cni'), ['install', '--dest', dest]);
    expect(stdout).toMatch(/^replaced {3}\S+\/bridge {2}\(what was there: \S+\.cni-ts\/before\/bridge\)$/m);
    const second = await execa(join(BIN, 'cni'), ['install', '--dest', dest]);
    expect(second.stdout).toBe(`unchanged: ${NAMES.length} files`);
  });

  it('makes the folder, and works from the installed file itself', async () => {
    const dest = join(temporaryFolder(), 'a/b');
    expect(await report(dest)).toMatchObject({ cni: 'installed' });
    const { exitCode, stdout } = await execa(join(dest, 'cni'), ['install', '--dest', dest]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `unchanged: ${NAMES.length} files` });
  });

  it('replaces a file that runs, and another version of itself, keeping what was there at first', async () => {
    const dest = occupied();
    copyFileSync('/bin/sleep', join(dest, 'portmap'));
    const running = spawn(join(dest, 'portmap'), ['30']);
    await setTimeout(50);
    await report(dest);
    expect(running.exitCode).toBeNull();
    running.kill('SIGKILL');
    // As an update would find it: its own, with another inode and other bytes.
    const older = join(dest, '.cni-ts/older');
    copyFileSync(join(dest, 'cni'), older);
    writeFileSync(older, Buffer.concat([readFileSync(older), Buffer.from('older')]), { mode: 0o755 });
    const updated = join(temporaryFolder(), 'cni');
    copyFileSync(older, updated);
    await execa(updated, ['install', '--dest', dest]);
    expect(await report(dest)).toMatchObject({ bridge: 'replaced', cni: 'replaced' });
    await expectInstalled(dest);
    expect(await report(dest, '--uninstall')).toMatchObject({
      bridge: 'restored',
      portmap: 'restored',
      cni: 'removed',
    });
    expect(statSync(join(dest, 'portmap')).size).toBe(statSync('/bin/sleep').size);
  });

  it('leaves what somebody else has put there since', async () => {
    const dest = occupied();
    await report(dest);
    writeFileSync(join(dest, 'new'), 'newer bridge');
    await execa('mv', [join(dest, 'new'), join(dest, 'bridge')]);
    expect(await report(dest, '--uninstall')).toMatchObject({ bridge: 'left', cni: 'removed' });
    expect(readFileSync(join(dest, 'bridge'), 'utf8')).toBe('newer bridge');
    expect(readFileSync(join(dest, 'bridge.before-cni-ts'), 'utf8')).toContain('old bridge');
  });

  it('leaves a link that is what it was before', async () => {
    const dest = occupied();
    await report(dest);
    await execa('ln', ['-sfn', 'bridge', join(dest, 'loopback')]);
    expect(await report(dest, '--uninstall')).toMatchObject({ loopback: 'left', bridge: 'restored' });
    expectAsBefore(dest);
  });

  it('puts configurations there, and leaves one that was edited since', async () => {
    const dest = occupied();
    const folder = temporaryFolder();
    const [first, second] = [join(folder, '10-a.conflist'), join(folder, '20-b.conflist')];
    for (const file of [first, second]) writeFileSync(file, CONF);
    const confDest = join(folder, 'net.d');
    mkdirSync(confDest);
    writeFileSync(join(confDest, '10-a.conflist'), 'what was there');
    const args = ['--conf', first, '--conf', second, '--conf-dest', confDest];
    expect(await report(dest, ...args)).toMatchObject({ '10-a.conflist': 'replaced', '20-b.conflist': 'installed' });
    expect(readdirSync(confDest)).toEqual(['10-a.conflist', '20-b.conflist']);
    expect(await report(dest, ...args)).toMatchObject({ '10-a.conflist': 'unchanged', '20-b.conflist': 'unchanged' });
    writeFileSync(join(confDest, '20-b.conflist'), `${CONF}\n`);
    expect(await report(dest, '--uninstall')).toMatchObject({ '10-a.conflist': 'restored', '20-b.conflist': 'left' });
    expect(readFileSync(join(confDest, '10-a.conflist'), 'utf8')).toBe('what was there');
    expectAsBefore(dest);
  });

  it('refuses a configuration that no runtime could read, before anything is done', async () => {
    const dest = occupied();
    const file = join(temporaryFolder(), '10-a.conflist');
    writeFileSync(file, '{"name": "net"');
    expect(await cni(dest, '--conf', file)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error parsing'),
    });
    expect(await cni(dest, '--conf', '/nowhere.conflist')).toMatchObject({ exitCode: 1 });
    expect(await cni(dest, 'argument')).toMatchObject({ exitCode: 2 });
    expectAsBefore(dest);
  });

  it('killed at any moment every name is whole, the next one finishes, and it can be taken back', async () => {
    let killed = 0;
    for (let delay = 1; delay <= 41; delay += 2) {
      const dest = occupied();
      const child = spawn(join(BIN, 'cni'), ['install', '--dest', dest], { stdio: 'ignore' });
      const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
      await setTimeout(delay);
      child.kill('SIGKILL');
      if ((await ended) === 'SIGKILL') killed += 1;
      for (const name of NAMES) {
        const path = join(dest, name);
        if (existsSync(path) && statSync(path).size > 1000) {
          expect(statSync(path).size).toBe(statSync(join(BIN, 'cni')).size);
        }
      }
      expect((await execa(join(dest, 'bridge'), { env: { CNI_COMMAND: 'VERSION' } })).stdout).toMatch(
        /old bridge|supportedVersions/,
      );
      if (delay % 4 === 1) {
        await report(dest);
        await expectInstalled(dest);
      }
      await report(dest, '--uninstall');
      // One that was killed before it had noted anything has only made its folder.
      await execa('rm', ['-rf', join(dest, '.cni-ts')]);
      expectAsBefore(dest);
    }
    expect(killed).toBeGreaterThan(3);
  });
});
