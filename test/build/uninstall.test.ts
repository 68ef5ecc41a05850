import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { BIN, temporaryFolder } from './support.ts';

const NAMES = ['cni', ...PLUGIN_NAMES];
const CONF = JSON.stringify({ cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'loopback' }] });
const EARLIER_CONF = CONF.replace('net', 'earlier');

/** What is in a folder of plugins of somebody else. */
const ORIGINALS = ['bridge', 'host-local', 'portmap', 'whereabouts'];

/** A node whose folder has one path for itself and another, below `pod`, for a pod that installs. */
function node() {
  const folder = temporaryFolder();
  const bin = join(folder, 'opt/cni/bin');
  const lists = join(folder, 'etc/cni/net.d');
  for (const path of [bin, lists]) mkdirSync(path, { recursive: true });
  for (const name of ORIGINALS) writeFileSync(join(bin, name), `#!/bin/sh\necho original ${name}\n`, { mode: 0o755 });
  writeFileSync(join(lists, '10-net.conflist'), EARLIER_CONF);
  const conf = join(folder, '10-net.conflist');
  writeFileSync(conf, CONF);
  /** Runs the tool as a pod would: the node's folders are below another one. */
  async function fromPod(tool: string, ...args: string[]) {
    const host = join(folder, 'host');
    mkdirSync(host);
    for (const name of ['opt', 'etc']) renameSync(join(folder, name), join(host, name));
    const dest = join(host, 'opt/cni/bin');
    const outcome = await execa(tool, ['install', '--dest', dest, '--conf-dest', join(host, 'etc/cni/net.d'), ...args]);
    for (const name of ['opt', 'etc']) renameSync(join(host, name), join(folder, name));
    await execa('rmdir', [host]);
    return outcome;
  }
  const environment = { CNI_TS_RUN_DIR: join(folder, 'records') };
  function onNode(tool: string, ...args: string[]) {
    return execa(tool, ['install', '--dest', bin, ...args], { env: environment, reject: false });
  }
  return { folder, bin, lists, conf, environment, fromPod, onNode };
}

function expectOriginals(bin: string): void {
  expect(readdirSync(bin).sort()).toEqual(ORIGINALS);
  for (const name of ORIGINALS) expect(readFileSync(join(bin, name), 'utf8')).toContain(`original ${name}`);
}

/** This executable, as an older release of it would be: other bytes, with a note of its own. */
function olderRelease(): string {
  const file = join(temporaryFolder(), 'cni');
  const bytes = readFileSync(join(BIN, 'cni'));
  bytes.write('0'.repeat(40), bytes.indexOf('cni-ts\0\0') + 8);
  writeFileSync(file, Buffer.concat([bytes, Buffer.from('older')]), { mode: 0o755 });
  return file;
}

/** What the first releases left behind: hard links of an executable without a note, and a ledger with whole paths. */
function installedByFirstRelease(bin: string, seenAs: string): void {
  const before = join(bin, '.cni-ts/before');
  mkdirSync(before, { recursive: true });
  const kept: Record<string, string> = {};
  for (const name of ORIGINALS.filter((one) => NAMES.includes(one))) {
    renameSync(join(bin, name), join(before, name));
    kept[`${seenAs}/${name}`] = `${seenAs}/.cni-ts/before/${name}`;
  }
  writeFileSync(join(bin, 'cni'), 'the executable of the first release', { mode: 0o755 });
  for (const name of PLUGIN_NAMES) linkSync(join(bin, 'cni'), join(bin, name));
  const marks = [`inode ${statSync(join(bin, 'cni')).ino}`];
  const installed = NAMES.map((name) => `${seenAs}/${name}`);
  writeFileSync(join(bin, '.cni-ts/installed.json'), JSON.stringify({ installed, kept, marks }));
}

describe('what was installed under one path is taken back under another', () => {
  it('plugins and list, and nothing is lost', async () => {
    const { bin, lists, conf, fromPod, onNode } = node();
    await fromPod(join(BIN, 'cni'), '--conf', conf);
    expect(readFileSync(join(lists, '10-net.conflist'), 'utf8')).toBe(CONF);
    const { exitCode, stdout, stderr } = await onNode(join(bin, 'cni'), '--uninstall', '--conf-dest', lists);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^restored {3}\S+\/bridge$/m);
    expectOriginals(bin);
    expect(readFileSync(join(lists, '10-net.conflist'), 'utf8')).toBe(EARLIER_CONF);
  });

  it('a list that cannot be found stays noted and kept, and the status says so', async () => {
    const { bin, lists, conf, fromPod, onNode } = node();
    await fromPod(join(BIN, 'cni'), '--conf', conf);
    const elsewhere = join(temporaryFolder(), 'net.d');
    const first = await onNode(join(BIN, 'cni'), '--uninstall', '--conf-dest', elsewhere);
    expect(first).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--conf-dest') });
    expect(readFileSync(join(bin, 'bridge'), 'utf8')).toContain('original bridge');
    expect(readFileSync(join(bin, '.cni-ts/before/10-net.conflist'), 'utf8')).toBe(EARLIER_CONF);
    expect(await onNode(join(BIN, 'cni'), '--uninstall', '--conf-dest', lists)).toMatchObject({ exitCode: 0 });
    expectOriginals(bin);
    expect(readFileSync(join(lists, '10-net.conflist'), 'utf8')).toBe(EARLIER_CONF);
  });

  it('of a first release, whose ledger has paths', async () => {
    const { bin, onNode } = node();
    installedByFirstRelease(bin, '/host/opt/cni/bin');
    expect(await onNode(join(BIN, 'cni'), '--uninstall')).toMatchObject({ exitCode: 0, stderr: '' });
    expectOriginals(bin);
  });
});

describe('an upgrade under another path keeps the originals', () => {
  it.each([
    ['there', true],
    ['and back', false],
  ])('%s', async (_, isPodFirst) => {
    const { bin, fromPod, onNode } = node();
    const older = olderRelease();
    if (isPodFirst) await fromPod(older);
    else await onNode(older);
    if (isPodFirst) await onNode(join(BIN, 'cni'));
    else await fromPod(join(BIN, 'cni'));
    expect(readFileSync(join(bin, 'bridge')).equals(readFileSync(join(BIN, 'bridge')))).toBe(true);
    expect(readFileSync(join(bin, '.cni-ts/before/bridge'), 'utf8')).toContain('original bridge');
    expect(await onNode(join(BIN, 'cni'), '--uninstall')).toMatchObject({ exitCode: 0 });
    expectOriginals(bin);
  });

  it('of a first release', async () => {
    const { bin, onNode } = node();
    installedByFirstRelease(bin, '/host/opt/cni/bin');
    await onNode(join(BIN, 'cni'));
    expect(readFileSync(join(bin, '.cni-ts/before/bridge'), 'utf8')).toContain('original bridge');
    expect(await onNode(join(BIN, 'cni'), '--uninstall')).toMatchObject({ exitCode: 0 });
    expectOriginals(bin);
  });

  it('where an older release was unpacked by hand, that is no original', async () => {
    const { bin, onNode } = node();
    const older = olderRelease();
    for (const name of PLUGIN_NAMES) copyFileSync(older, join(bin, name));
    await onNode(join(BIN, 'cni'));
    expect(await onNode(join(BIN, 'cni'), '--uninstall')).toMatchObject({ exitCode: 0 });
    expect(readdirSync(bin)).toEqual(['whereabouts']);
  });
});

it('nothing that is kept is thrown away when the ledger does not know of it', async () => {
  const { bin, onNode } = node();
  await onNode(join(BIN, 'cni'));
  writeFileSync(join(bin, '.cni-ts/before/calico'), 'the only copy');
  expect(await onNode(join(BIN, 'cni'), '--uninstall')).toMatchObject({ exitCode: 0 });
  expect(readFileSync(join(bin, '.cni-ts/before/calico'), 'utf8')).toBe('the only copy');
});

describe('while containers use the plugins', () => {
  /** Notes an attachment of a container whose namespace is this process's own. */
  function noteContainer(records: string, containerId: string, isGone = false): void {
    const { dev, ino } = statSync('/proc/self/ns/net', { bigint: true });
    const netns = { path: `/proc/${process.pid}/ns/net`, dev: String(dev), ino: isGone ? '1' : String(ino) };
    mkdirSync(join(records, containerId), { recursive: true });
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const pod = { namespace: 'shop', name: containerId };
    const own = { version: 1, bootId, plugin: 'bridge', network: 'net', containerId, ifName: 'eth0', netns, pod };
    writeFileSync(
      join(records, containerId, 'net-eth0-bridge.json'),
      JSON.stringify({ ...own, time: new Date().toISOString(), data: {} }),
    );
  }

  it('uninstalling is refused, and says who they are', async () => {
    const { bin, lists, conf, environment, onNode } = node();
    await onNode(join(BIN, 'cni'), '--conf', conf, '--conf-dest', lists);
    for (let index = 1; index <= 7; index++) noteContainer(environment.CNI_TS_RUN_DIR, `web-${index}`);
    const { exitCode, stderr } = await onNode(join(BIN, 'cni'), '--uninstall', '--conf-dest', lists);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/7 containers have a network of these plugins: (shop\/web-\d, ){4}shop\/web-\d and 2 more/);
    expect(stderr).toContain('--force');
    expect(existsSync(join(bin, 'cni'))).toBe(true);
    expect(readFileSync(join(lists, '10-net.conflist'), 'utf8')).toBe(CONF);
    expect(await onNode(join(BIN, 'cni'), '--uninstall', '--force', '--conf-dest', lists)).toMatchObject({
      exitCode: 0,
    });
    expectOriginals(bin);
  });

  it('those that are gone do not count', async () => {
    const { bin, environment, onNode } = node();
    await onNode(join(BIN, 'cni'));
    noteContainer(environment.CNI_TS_RUN_DIR, 'web-1', true);
    expect(await onNode(join(BIN, 'cni'), '--uninstall')).toMatchObject({ exitCode: 0 });
    expectOriginals(bin);
  });

  it('--force without --uninstall is a slip', async () => {
    expect(await node().onNode(join(BIN, 'cni'), '--force')).toMatchObject({ exitCode: 2 });
  });
});
