import {
  chmodSync,
  copyFileSync,
  linkSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { packageVersion, ROOT } from '../../scripts/lib/project.ts';
import { BIN, call, temporaryFolder } from './support.ts';

const loopback = join(BIN, 'loopback');
const reference = await call(loopback);

describe('the executable finds its plugin by the name it is called by', () => {
  it('answers VERSION', () => {
    expect(reference).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(reference.stdout)).toMatchObject({ supportedVersions: expect.arrayContaining(['1.0.0']) });
  });

  it('through a symlink', async () => {
    const link = join(temporaryFolder(), 'loopback');
    symlinkSync(join(BIN, 'cni'), link);
    expect(await call(link)).toEqual(reference);
  });

  it('through a hard link', async () => {
    // Beside dist/bin, since a hard link cannot leave its file system.
    const link = join(ROOT, 'dist', `loopback-${process.pid}`);
    linkSync(join(BIN, 'cni'), link);
    try {
      expect((await call(link)).exitCode).toBe(1);
      expect(await call(link, {}, { argv0: 'loopback' })).toEqual(reference);
    } finally {
      rmSync(link);
    }
  });

  it('in a copy of a single name', async () => {
    const copy = join(temporaryFolder(), 'loopback');
    copyFileSync(loopback, copy);
    expect(await call(copy)).toEqual(reference);
  });

  it('in a copy of another name', async () => {
    const copy = join(temporaryFolder(), 'loopback');
    copyFileSync(join(BIN, 'cni'), copy);
    expect(await call(copy)).toEqual(reference);
  });

  it('when a shell finds it in PATH', async () => {
    const { stdout } = await execa('/bin/sh', ['-c', 'loopback'], {
      extendEnv: false,
      env: { PATH: BIN, CNI_COMMAND: 'VERSION' },
    });
    expect(stdout).toBe(reference.stdout);
  });

  it('and says what is wrong with a name it does not know', async () => {
    const link = join(temporaryFolder(), 'no-such-plugin');
    symlinkSync(loopback, link);
    const { exitCode, stderr } = await call(link);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no-such-plugin');
    expect(stderr).toContain('loopback');
  });

  it('says its version and commit', async () => {
    const { stdout } = await execa(join(BIN, 'cni'), ['--version']);
    expect(stdout).toContain(packageVersion());
    expect(stdout).toMatch(/\b([0-9a-f]{12}(-dirty)?|unknown)\b/);
  });
});

describe('a plugin that calls another', () => {
  /** Looks after an IPAM plugin that cannot be started. */
  async function status(change: (file: string) => void) {
    const folder = temporaryFolder();
    for (const name of ['bridge', 'host-local']) copyFileSync(join(BIN, name), join(folder, name));
    chmodSync(join(folder, 'host-local'), 0o644);
    change(join(folder, 'host-local'));
    const ipam = { type: 'host-local', dataDir: folder, ranges: [[{ subnet: '10.1.0.0/24' }]] };
    const conf = { cniVersion: '1.1.0', name: 'net', type: 'bridge', ipam };
    const env = { CNI_COMMAND: 'STATUS', CNI_PATH: folder };
    return execa(join(folder, 'bridge'), { env, input: JSON.stringify(conf), reject: false });
  }

  it('does not start one of its own build, whatever inode that has', async () => {
    expect(await status(() => {})).toMatchObject({ exitCode: 0, stdout: '' });
  });

  it.each<[string, (file: string) => void]>([
    ['of another size, as one that is just being copied', (file) => truncateSync(file, 2_000_000)],
    [
      'of another build',
      (file) => {
        const bytes = readFileSync(file);
        const at = bytes.indexOf('cni-ts\0\0') + 8;
        bytes.write(
          bytes.toString('latin1', at, at + 40).replace(/./g, (digit) => (digit === 'a' ? 'b' : 'a')),
          at,
        );
        writeFileSync(file, bytes);
      },
    ],
    ['of somebody else', (file) => writeFileSync(file, '#!/bin/sh\n')],
    [
      "whose beginning is somebody else's",
      (file) => {
        const bytes = readFileSync(file);
        bytes.write('#!/bin/sh\nexit 1\n');
        writeFileSync(file, bytes);
      },
    ],
  ])('starts one %s', async (_, change) => {
    const { exitCode, stdout } = await status(change);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('permission denied');
  });
});

describe('the tool for people', () => {
  const cni = (...args: string[]) => execa(join(BIN, 'cni'), args, { reject: false });

  it('under the name of the suite too', async () => {
    const copy = join(temporaryFolder(), 'cni-ts');
    copyFileSync(join(BIN, 'cni'), copy);
    expect((await execa(copy, ['version'])).stdout).toBe((await cni('version')).stdout);
  });

  it.each([
    [['-v'], 0, /^cni-ts v/],
    [['shwo'], 2, /there is no command "shwo"; did you mean "show"\?$/],
    [['help', 'lints'], 2, /there is no command and no plugin "lints"; did you mean "lint"\?$/],
    [['xyzzy'], 2, /there is no command "xyzzy"; "cni help" lists them$/],
    [['show', 'extra'], 2, /does not know what "extra" is for\nusage: cni show \[--json \| --svg FILE\]$/],
    [['add', 'net', '/run/netns/x', 'y'], 2, /does not know what "y" is for\nusage: cni add/],
  ])('%j ends with %i and says %s', async (args, status, says) => {
    const { exitCode, stdout, stderr } = await cni(...args);
    expect(exitCode).toBe(status);
    expect(stdout + stderr).toMatch(says);
  });

  it.each(['show', 'ports', 'leases', 'doctor', 'gc', 'reload-rules', 'plan net x', 'add net x', 'status net'])(
    '%s without the rights of root says so',
    async (line) => {
      const argv = ['--reuid=65534', '--regid=65534', '--clear-groups', join(BIN, 'cni'), ...line.split(' ')];
      const { exitCode, stdout, stderr } = await execa('setpriv', argv, { reject: false });
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: `cni: "cni ${line.split(' ')[0]}" looks into the kernel and into containers: run it as root`,
      });
    },
  );

  it('lists its commands, and explains each', async () => {
    const { stdout } = await cni();
    const names = [...stdout.matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name ?? '');
    expect(names).toContain('reload-rules');
    for (const name of names) {
      const { stdout: help, exitCode } = await cni('help', name);
      expect({ exitCode, usage: help.split('\n')[0]?.startsWith(`usage: cni ${name}`) }).toEqual({
        exitCode: 0,
        usage: true,
      });
      expect((await cni(name, '--help')).stdout).toBe(help);
    }
  });

  it('answers a wrong call with what is wrong, and exit status 2', async () => {
    const noCommand = await cni('blub');
    expect(noCommand).toMatchObject({ exitCode: 2, stdout: '' });
    expect(noCommand.stderr).toContain('"blub"');
    const noOption = await cni('version', '--bad');
    expect(noOption).toMatchObject({ exitCode: 2, stdout: '' });
    expect(noOption.stderr).toContain('--bad');
    expect(noOption.stderr).toContain('usage: cni version');
  });

  it('answers scripts in JSON', async () => {
    expect(JSON.parse((await cni('version', '--json')).stdout).version).toContain(packageVersion());
  });
});
