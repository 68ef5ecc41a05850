import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diagnose } from './diagnosis.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cni-ts-diagnosis-'));
  mkdirSync(join(folder, 'proc/17'), { recursive: true });
  mkdirSync(join(folder, 'net.d'));
  writeFileSync(join(folder, 'proc/uptime'), '201.33 300.1\n');
  writeFileSync(join(folder, 'proc/17/comm'), 'kubelet\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function seen(subnetFile = '/no/subnet.env'): Promise<string> {
  const where = { proc: join(folder, 'proc'), conflists: join(folder, 'net.d') };
  // By `ip`, as there is no libc here.
  return (await diagnose(subnetFile, 'cbr0', { PATH: process.env['PATH'] }, where)).join('\n');
}

function conflist(file: string, name: string): void {
  writeFileSync(join(folder, 'net.d', file), JSON.stringify({ name, plugins: [] }));
}

describe('the file', () => {
  test('is missing, with its folder', async () => {
    expect(await seen()).toContain('flanneld writes /no/subnet.env (key "subnetFile")');
    expect(await seen()).toContain('not even /no is there');
  });

  test('cannot be one', async () => {
    expect(await seen('\u0000/subnet.env')).toContain('(key "subnetFile")');
  });

  test('is missing', async () => {
    expect(await seen(join(folder, 'subnet.env'))).not.toContain('not even');
  });

  test('is old', async () => {
    const file = join(folder, 'subnet.env');
    writeFileSync(file, '');
    utimesSync(file, 0, Date.now() / 1000 - 3 * 86_400);
    expect(await seen(file)).toContain(`${file} was written 3 days ago`);
  });
});

test('the daemon is not running', async () => {
  expect(await seen()).toContain('no process named flanneld is running');
});

test.each(['flanneld', 'k3s-agent'])('%s is running', async (name) => {
  writeFileSync(join(folder, 'proc/17/comm'), `${name}\n`);
  expect(await seen()).toContain(`${name} (process 17) is running`);
});

test('since when the node is up', async () => {
  expect(await seen()).toContain('the node is up for 3 min');
});

describe('configurations of runtimes', () => {
  test('none, or no folder, is nothing to speak of', async () => {
    expect(await seen()).not.toContain('net.d');
    rmSync(join(folder, 'net.d'), { recursive: true });
    expect(await seen()).not.toContain('net.d');
  });

  test('only this one', async () => {
    conflist('10-flannel.conflist', 'cbr0');
    writeFileSync(join(folder, 'net.d/05-notes.txt'), '');
    expect(await seen()).toContain('net.d/10-flannel.conflist is the only configuration');
  });

  test('this one is in front of others', async () => {
    conflist('10-flannel.conflist', 'cbr0');
    conflist('20-calico.conflist', 'k8s-pod-network');
    expect(await seen()).toContain(
      'net.d/10-flannel.conflist sorts before 20-calico.conflist: if this node should not use flannel, remove it',
    );
  });

  test('another is in front of this one', async () => {
    conflist('10-flannel.conflist', 'cbr0');
    writeFileSync(join(folder, 'net.d/00-broken.conf'), 'nonsense');
    expect(await seen()).toContain('net.d/00-broken.conf sorts before 10-flannel.conflist: most runtimes take only');
  });

  test('none is this one', async () => {
    conflist('10-other.conflist', 'other');
    expect(await seen()).toContain('net.d has 10-other.conflist, none of which is of network cbr0');
  });
});

test('what cannot be looked at is said', async () => {
  rmSync(join(folder, 'proc'), { recursive: true });
  const text = await seen();
  expect(text).toContain('processes cannot be listed (no such file or directory)');
  expect(text).not.toContain('is up for');
});
