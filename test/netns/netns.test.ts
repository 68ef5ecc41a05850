import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNetnsGone, NetnsError } from '../../pkg/netns/error.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { makeNamespace, type TestNamespace } from './namespaces.ts';

let namespace: TestNamespace;
let folder: string;

beforeAll(() => {
  namespace = makeNamespace();
  folder = mkdtempSync(join(tmpdir(), 'netns-'));
  writeFileSync(`${folder}/file`, '');
  symlinkSync('/run/netns/nowhere', `${folder}/dangling`);
  symlinkSync(namespace.path, `${folder}/link`);
});

afterAll(() => {
  namespace.remove();
  rmSync(folder, { recursive: true });
});

function failure(path: string): NetnsError {
  try {
    openNetns(path).close();
  } catch (thrown) {
    if (thrown instanceof NetnsError) return thrown;
    throw thrown;
  }
  throw new Error(`${path} was opened`);
}

describe('what cannot be opened', () => {
  test.each([
    ['', 'gone', 'failed to Statfs "": no such file or directory'],
    ['/run/netns/nowhere', 'gone', 'failed to Statfs "/run/netns/nowhere": no such file or directory'],
    ['/proc/999999999/ns/net', 'gone', 'failed to Statfs "/proc/999999999/ns/net": no such file or directory'],
    ['/etc/passwd/x', 'gone', 'failed to Statfs "/etc/passwd/x": not a directory'],
    ['/run\0', 'other', 'failed to Statfs "/run\\u0000": invalid argument'],
    [`/${'x'.repeat(300)}`, 'other', `failed to Statfs "/${'x'.repeat(300)}": file name too long`],
    ['/proc/self/status', 'not-a-namespace', '"/proc/self/status" is not a network namespace'],
    ['/proc/self/ns/mnt', 'not-a-namespace', '"/proc/self/ns/mnt" is not a network namespace'],
    ['/proc/self/ns/pid', 'not-a-namespace', '"/proc/self/ns/pid" is not a network namespace'],
  ])('%j', (path, kind, message) => {
    const error = failure(path);
    expect(error.kind).toBe(kind);
    expect(error.message).toBe(message);
    // There is nothing in it that a DEL could take away, whatever is there instead.
    expect(isNetnsGone(error)).toBe(kind !== 'other');
  });

  test('files, folders and dangling links', () => {
    expect(failure(`${folder}/file`)).toMatchObject({ kind: 'not-a-namespace' });
    expect(failure(`${folder}/file`).message).toMatch(/^unknown FS magic on ".*\/file": [0-9a-f]+$/);
    expect(failure(folder)).toMatchObject({ kind: 'not-a-namespace' });
    expect(failure(`${folder}/dangling`)).toMatchObject({ kind: 'gone' });
  });

  test('a namespace of another kind is called by its kind', () => {
    expect(failure('/proc/self/ns/mnt').details).toContain('mnt');
    expect(failure('/proc/self/status').details).toContain('not a namespace');
  });
});

describe('an open namespace', () => {
  test('is itself by any path, and not this process’s own', () => {
    const direct = openNetns(namespace.path);
    const linked = openNetns(`${folder}/link`);
    expect(direct.equals(linked)).toBe(true);
    expect(direct.isOwn()).toBe(false);
    expect(direct.equals(ownNetns())).toBe(false);
    const own = openNetns('/proc/self/ns/net');
    expect(own.isOwn()).toBe(true);
    for (const one of [direct, linked, own]) one.close();
  });

  test('runs processes inside, and reads and writes its settings', async () => {
    const netns = openNetns(namespace.path);
    const { stdout } = await netns.start({ argv: ['readlink', '/proc/self/ns/net'] }).outcome();
    expect(stdout.trim()).toBe(`net:[${netns.identity.ino}]`);
    await netns.writeFile('/proc/sys/net/ipv4/conf/lo/arp_notify', '1');
    expect(await netns.readFile('/proc/sys/net/ipv4/conf/lo/arp_notify')).toBe('1\n');
    await expect(netns.readFile('/proc/sys/net/ipv4/conf/nope/arp_notify')).rejects.toThrow(
      'open /proc/sys/net/ipv4/conf/nope/arp_notify: no such file or directory',
    );
    netns.close();
    netns.close();
    expect(() => netns.start({ argv: ['true'] })).toThrow('is closed');
  });

  test('outlives its path', async () => {
    const temporary = makeNamespace();
    const netns = openNetns(temporary.path);
    temporary.remove();
    const { status } = await netns.start({ argv: ['ip', 'link', 'add', 'name', 'late', 'type', 'bridge'] }).outcome();
    expect(status).toBe(0);
    netns.close();
  });

  test('a missing program is told apart from a missing namespace', () => {
    const netns = openNetns(namespace.path);
    expect(() => netns.start({ argv: ['no-such-program'] })).toThrow(
      'exec: "no-such-program": executable file not found',
    );
    netns.close();
  });

  test('the namespace of a process', () => {
    const child = spawn('ip', ['netns', 'exec', namespace.name, 'sleep', '30']);
    try {
      execFileSync('sleep', ['0.2']);
      const netns = openNetns(`/proc/${child.pid}/ns/net`);
      const byName = openNetns(namespace.path);
      expect(netns.equals(byName)).toBe(true);
      netns.close();
      byName.close();
    } finally {
      child.kill();
    }
  });
});
