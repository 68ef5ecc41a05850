import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveName } from '../../scripts/lib/archive.ts';
import { nativeArch } from '../../scripts/lib/engine.ts';
import { packageVersion, ROOT } from '../../scripts/lib/project.ts';
import { createHost } from './harness/host.ts';

/** What docs/install.md has people type, step by step, for this architecture and version. */
const ARCHIVE = archiveName(nativeArch(), packageVersion());
const STEPS = [...readFileSync(join(ROOT, 'docs/install.md'), 'utf8').matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)].map(
  ([, block = '']) => block.replace(/cni-ts-linux-\S+/, ARCHIVE),
);

/** Enables units as the real one, of which that needs no running systemd; whatever is started is only written down. */
const SYSTEMCTL = '#!/bin/sh\necho "$*" >> /tmp/systemctl\nexec /usr/bin/systemctl $(echo "$*" | sed s/--now//)\n';

const host = await createHost('page');
afterAll(() => host.dispose());

beforeAll(async () => {
  // The page is about these folders, and they are this machine's.
  const script = `set -e
    for folder in /tmp /opt /usr/local/bin; do mount -t tmpfs tmpfs $folder; done
    mkdir /tmp/changes /tmp/work /tmp/download
    mount -t overlay overlay -o lowerdir=/etc,upperdir=/tmp/changes,workdir=/tmp/work /etc
    cp ${join(ROOT, 'dist', ARCHIVE)} /tmp/download/`;
  expect(await host.run(['sh', '-c', script])).toMatchObject({ exitCode: 0, stderr: '' });
  writeFileSync(join(host.root, 'usr/local/bin/systemctl'), SYSTEMCTL, { mode: 0o755 });
});

describe('docs/install.md, from the archive', () => {
  test('every step does what it says, in one shell', async () => {
    expect(STEPS.length).toBe(5);
    let cwd = '/tmp/download';
    for (const step of STEPS) {
      // The doctor ends with 1 when there is anything to say about this machine.
      const script = `set -e\ncd ${cwd}\n${step.replace('cni doctor', 'cni doctor --json > /tmp/doctor || true')}\npwd`;
      const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script]);
      expect({ step, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ step, exitCode: 0, stderr: '' });
      cwd = stdout.trim().split('\n').at(-1) ?? '';
    }
    const { findings } = JSON.parse(readFileSync(join(host.root, 'tmp/doctor'), 'utf8')) as {
      findings: { check: string; severity: string }[];
    };
    const wrong = findings.filter(({ severity }) => severity !== 'note').map(({ check }) => check);
    expect(wrong.filter((check) => ['configuration', 'installation', 'plugins', 'status'].includes(check))).toEqual([]);
    expect(readFileSync(join(host.root, 'tmp/systemctl'), 'utf8')).toContain('enable --now cni-dhcp.socket');
    for (const link of ['sockets.target.wants/cni-dhcp.socket', 'nftables.service.wants/cni-ts-reload-rules.service']) {
      const status = lstatSync(join(host.root, 'etc/systemd/system', link), { throwIfNoEntry: false });
      expect([link, status?.isSymbolicLink()]).toEqual([link, true]);
    }
  });

  test('every file of the repository that the page speaks of is in the archive', async () => {
    const page = readFileSync(join(ROOT, 'docs/install.md'), 'utf8');
    const files = [...page.matchAll(/(?:conf|deploy)\/[\w./-]+\w/g)].map(([file]) => file);
    expect(files).toContain('conf/87-podman-bridge.conflist');
    for (const file of files) {
      expect([file, existsSync(join(host.root, 'tmp/cni-ts', file))]).toEqual([file, true]);
    }
    expect(existsSync(join(host.root, 'tmp/cni-ts', 'LICENSE'))).toBe(true);
  });
});
