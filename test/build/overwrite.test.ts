import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { ARCHIVE, BIN, call, temporaryFolder } from './support.ts';

const NAMES = ['cni', ...PLUGIN_NAMES];

/** Ways of putting somebody else's `$1` over `$2`, as people, manifests and packages do. */
const WAYS: Readonly<Record<string, string>> = {
  cp: 'cp "$1" "$2"',
  'cp -f': 'cp -f "$1" "$2"',
  'cp --remove-destination': 'cp --remove-destination "$1" "$2"',
  'cat >': 'cat "$1" > "$2"',
  dd: 'dd if="$1" of="$2" status=none',
  'dd over the beginning only': 'dd if="$1" of="$2" conv=notrunc status=none',
  install: 'install -m 755 "$1" "$2"',
  'tar -x': 'tar -c -C "$(dirname "$1")" "$(basename "$1")" | tar -x -C "$(dirname "$2")"',
  'tar -x --overwrite': 'tar -c -C "$(dirname "$1")" "$(basename "$1")" | tar -x --overwrite -C "$(dirname "$2")"',
  mv: 'cp "$1" "$2.new" && mv "$2.new" "$2"',
  'ln -sf': 'ln -sf "$1" "$2"',
  'half a copy': 'head -c 5 "$1" > "$2"',
};

/** A plugin that runtimes call, one that runs in another's process, the first of the archive, and the tool. */
const KINDS = ['bridge', 'host-local', 'bandwidth', 'cni'];

const FOLDERS: Readonly<Record<string, () => Promise<string>>> = {
  async 'as it is installed'() {
    const dest = join(temporaryFolder(), 'bin');
    await execa(join(BIN, 'cni'), ['install', '--dest', dest]);
    return dest;
  },
  async 'as it is unpacked'() {
    const dest = temporaryFolder();
    await execa('tar', ['-xf', ARCHIVE, '-C', dest]);
    return dest;
  },
};

interface Report {
  readonly findings: readonly { check: string; severity: string; found: string; mend: string }[];
}

/** What the doctor has to say about the installation, said by a copy that nobody has touched. */
async function findingsIn(folder: string): Promise<Report['findings']> {
  const conf = join(temporaryFolder(), 'net.d');
  mkdirSync(conf);
  const { stdout } = await execa(join(BIN, 'cni'), ['doctor', '--json', '--bin-dir', folder, '--conf-dir', conf], {
    reject: false,
  });
  return (JSON.parse(stdout) as Report).findings.filter(({ check }) => check === 'installation');
}

describe.each(Object.keys(FOLDERS))('%s', (kind) => {
  it.each(Object.entries(WAYS))('%s over one name leaves every other as it was', async (_, way) => {
    const folder = (await FOLDERS[kind]?.()) ?? '';
    for (const name of KINDS) {
      const foreign = join(temporaryFolder(), name);
      writeFileSync(foreign, '#!/bin/sh\necho somebody else\n', { mode: 0o755 });
      await execa('sh', ['-c', way, 'sh', foreign, join(folder, name)]);
      const others = NAMES.filter((other) => other !== name);
      for (const other of others) {
        expect(readFileSync(join(folder, other)).equals(readFileSync(join(BIN, other)))).toBe(true);
      }
      expect((await call(join(folder, name === 'bridge' ? 'ptp' : 'bridge'))).stdout).toContain('supportedVersions');
      const found = await findingsIn(folder);
      expect(found).toEqual([expect.objectContaining({ severity: 'error' })]);
      expect(found[0]?.found).toContain(`${folder}/${name} `);
      const [tool = '', ...args] = (found[0]?.mend ?? '').split(' ');
      await execa(tool === 'cni' ? join(folder, 'cni') : tool, args);
      expect(await findingsIn(folder)).toEqual([]);
      expect(statSync(join(folder, name)).nlink).toBe(1);
      expect((await call(join(folder, name), { CNI_COMMAND: 'VERSION' }, { argv0: 'bridge' })).exitCode).toBe(0);
    }
  });
});

it('a name that is damaged in the middle is found by its content', async () => {
  const folder = (await FOLDERS['as it is unpacked']?.()) ?? '';
  await execa('dd', ['if=/dev/zero', `of=${folder}/vlan`, 'bs=1', 'count=9', 'seek=1500000', 'conv=notrunc']);
  const [finding, ...more] = await findingsIn(folder);
  expect([finding?.severity, finding?.found, more]).toEqual([
    'error',
    `${folder}/vlan is damaged: its content is not that of its build`,
    [],
  ]);
});

it('where nothing of this suite is installed, nobody has written over it', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'bridge'), '#!/bin/sh\n', { mode: 0o755 });
  expect(await findingsIn(folder)).toEqual([]);
});

it('a name that is the only one left of an installation is missed too', async () => {
  const folder = (await FOLDERS['as it is installed']?.()) ?? '';
  for (const name of NAMES) copyFileSync('/bin/true', join(folder, name));
  expect((await findingsIn(folder)).map(({ found }) => basename(found.split(' ')[0] ?? '')).sort()).toEqual(
    [...NAMES].sort(),
  );
  expect(readdirSync(folder).sort()).toEqual(['.cni-ts', ...NAMES].sort());
});
