import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { findConfList } from './conf-folder.ts';
import { isAtLeast, parseConfList } from './conf-list.ts';
import { pluginConfig } from './plugin-config.ts';

const LIST = { name: 'net', cniVersion: '1.0.0', plugins: [{ type: 'bridge' }] };

describe('a list', () => {
  test.each([
    ['{', 'error parsing configuration list: unexpected end of JSON input at line 1, column 2'],
    ['[]', 'error parsing configuration list: found []interface {}, expected an object'],
    [{ plugins: LIST.plugins }, 'error parsing configuration list: no name'],
    [{ ...LIST, name: 1 }, 'error parsing configuration list: invalid name type float64'],
    [{ ...LIST, plugins: [] }, 'error parsing configuration list: no plugins in list'],
    [{ ...LIST, plugins: {} }, "error parsing configuration list: invalid 'plugins' type map[string]interface {}"],
    [
      { ...LIST, plugins: [{ type: 'a' }, {}] },
      "error parsing configuration list: failed to parse plugin config 1: error parsing configuration: missing 'type'",
    ],
    [{ ...LIST, disableCheck: 'maybe' }, 'error parsing configuration list: invalid value "maybe" for disableCheck'],
    [{ ...LIST, disableGC: 1 }, 'error parsing configuration list: invalid type float64 for disableGC'],
    [{ name: 'net', loadOnlyInlinedPlugins: true }, /'loadOnlyInlinedPlugins' is true, and no 'plugins' key$/],
    [{ ...LIST, cniVersions: {} }, /invalid type for cniVersions: map\[string\]interface \{\}$/],
    [{ ...LIST, cniVersions: [1] }, /invalid type for cniVersions index 0: float64$/],
    [
      { ...LIST, cniVersions: ['a'] },
      /invalid cniVersions entry a at index 0: failed to convert major version part "a"/,
    ],
  ])('that is %j is refused', async (list, message) => {
    const text = typeof list === 'string' ? list : JSON.stringify(list);
    await expect(parseConfList(text)).rejects.toThrow(message);
  });

  test.each([
    [undefined, ['0.4.0', '1.1.0', '2.0.0'], '1.1.0'],
    ['1.0.0', ['0.4.0'], '1.0.0'],
    ['0.3.1', ['0.4.0', '0.3.0'], '0.4.0'],
    ['0.3.1', ['9.0.0'], '0.3.1'],
    ['0.3.1', undefined, '0.3.1'],
  ])('has the newest known one of the versions %s and %j', async (cniVersion, cniVersions, expected) => {
    const list = await parseConfList(JSON.stringify({ ...LIST, cniVersion, cniVersions }));
    expect(list.cniVersion).toBe(expected);
  });

  test('takes true as a text too, and no version for the oldest', async () => {
    const list = await parseConfList(JSON.stringify({ ...LIST, cniVersion: undefined, disableCheck: 'TRUE' }));
    expect(list).toMatchObject({ disableCheck: true, disableGC: false, cniVersion: '' });
    expect([isAtLeast(list, '0.1.0'), isAtLeast(list, '0.4.0')]).toEqual([true, false]);
  });
});

test('a plugin is given its own keys, the name and version of the list, and what the call adds, in order', async () => {
  const capabilities = { ips: true, mac: false };
  const list = await parseConfList(
    JSON.stringify({ ...LIST, plugins: [{ type: 'a', z: { b: 1, a: 2 }, name: 'own', prevResult: 1, capabilities }] }),
  );
  const [plugin] = list.plugins;
  if (plugin === undefined) throw new Error('no plugin');
  expect(
    pluginConfig(list, plugin, { capabilityArgs: { ips: ['1'], mac: 'x', other: 1 }, prevResult: { ips: [] } }),
  ).toBe(
    '{"capabilities":{"ips":true,"mac":false},"cniVersion":"1.0.0","name":"net","prevResult":{"ips":[]},' +
      '"runtimeConfig":{"ips":["1"]},"type":"a","z":{"a":2,"b":1}}',
  );
  expect(pluginConfig(list, plugin, { capabilityArgs: { mac: 'x' } })).not.toContain('runtimeConfig');
});

describe('in a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cni-ts-conf-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
  });
  const write = (name: string, content: object | string) => {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };

  test('the first list of the name counts, in the order of files, and lists come before single plugins', async () => {
    write('05-single.conf', { name: 'net', type: 'first' });
    write('20-b.conflist', { ...LIST, plugins: [{ type: 'late' }] });
    write('10-a.conflist', LIST);
    write('00-other.conflist.bak', 'nonsense');
    mkdirSync(join(folder, '01-folder.conflist'));
    const { list, file } = await findConfList(folder, 'net');
    expect(list.plugins.map(({ type }) => type)).toEqual(['bridge']);
    expect(file).toBe(join(folder, '10-a.conflist'));
  });

  test('a list that cannot be read before it ends the search', async () => {
    write('00-bad.conflist', '{');
    write('10-a.conflist', LIST);
    await expect(findConfList(folder, 'net')).rejects.toThrow(
      'error parsing configuration list: unexpected end of JSON input',
    );
  });

  test('a single plugin is made a list of', async () => {
    write('10-a.json', { name: 'old', cniVersion: '0.3.1', type: 'bridge', mtu: 1400 });
    const { list } = await findConfList(folder, 'old');
    expect(list).toMatchObject({ name: 'old', cniVersion: '0.3.1', plugins: [{ type: 'bridge', raw: { mtu: 1400 } }] });
  });

  test('plugins beside the list come after its own, unless it does not want them', async () => {
    mkdirSync(join(folder, 'net'));
    write('net/20-c.conf', { type: 'third' });
    write('net/10-b.conf', { type: 'second' });
    write('net/ignored.json', { type: 'ignored' });
    write('10-a.conflist', LIST);
    const types = async () => (await findConfList(folder, 'net')).list.plugins.map(({ type }) => type);
    expect(await types()).toEqual(['bridge', 'second', 'third']);
    write('10-a.conflist', { ...LIST, loadOnlyInlinedPlugins: 'true' });
    expect(await types()).toEqual(['bridge']);
    write('10-a.conflist', { name: 'net', cniVersion: '1.0.0' });
    expect(await types()).toEqual(['second', 'third']);
    rmSync(join(folder, 'net'), { recursive: true });
    await expect(types()).rejects.toThrow('no plugin configs found');
  });

  test('what is not there is said in the words of libcni', async () => {
    await expect(findConfList(folder, 'net')).rejects.toThrow(`no net configurations found in ${folder}`);
    write('10-a.conflist', LIST);
    await expect(findConfList(folder, 'x')).rejects.toThrow(`no net configuration with name "x" in ${folder}`);
    await expect(findConfList('/nowhere', 'x')).rejects.toThrow('no net configurations found in /nowhere');
  });
});
