import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakePlugin } from '../../test/protocol/fake-plugin.ts';
import type { AnyPlugin, AttachmentCall, Environment } from '../skel/plugin.ts';
import { PATIENCE } from '../sys/process/patience.ts';
import { CniError } from '../types/error.ts';
import { createDelegator } from './delegator.ts';
import { findPlugin } from './find-plugin.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cni-ts-delegate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const CONFIG = JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'parent', ipam: { type: 'x' } });
const RESULT = '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]}';

/** A foreign plugin: a shell script in the folder. */
function script(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** A delegator whose own executable is the file `self` in the folder, with one plugin inside. */
function delegator(plugin?: AnyPlugin, more: Environment = {}) {
  const environment = {
    PATH: process.env['PATH'],
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'c1',
    CNI_NETNS: '/nope',
    CNI_IFNAME: 'eth0',
    CNI_PATH: `/nowhere:${folder}`,
    ...more,
  };
  const warnings: string[] = [];
  const world = {
    isOwnNetns: () => false,
    warn: (line: string) => void warnings.push(line),
    delegator: () => door,
  };
  const pluginNamed = (name: string) => (name === plugin?.name ? plugin : undefined);
  const isSameBuild = (file: string) => readFileSync(file).equals(readFileSync(join(folder, 'self')));
  const door = createDelegator({ environment, pluginNamed, isFile, isSameBuild, world });
  return door;
}

async function errorOf(work: Promise<unknown>): Promise<CniError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(CniError);
  return thrown as CniError;
}

describe('findPlugin', () => {
  test('the first folder that has a file wins, and symbolic links are followed', () => {
    mkdirSync(join(folder, 'one', 'x'), { recursive: true });
    mkdirSync(join(folder, 'two'));
    script('real', '');
    symlinkSync(join(folder, 'real'), join(folder, 'two', 'x'));
    const path = `${folder}/one:${folder}/two`;
    expect(findPlugin('x', path, isFile)).toBe(`${folder}/two/x`);
  });

  test.each([
    ['', '/a', 'no plugin name provided'],
    ['a/b', '/a', 'invalid plugin name: a/b'],
    ['../a', '/a', 'invalid plugin name: ../a'],
    ['x', '', 'no paths provided'],
    ['x', ':', 'no paths provided'],
    ['x', '/a:/b', 'failed to find plugin "x" in path [/a /b]'],
  ])('%j in %j: %s', async (type, path, message) => {
    const error = await errorOf((async () => findPlugin(type, path, () => false))());
    expect(error).toMatchObject({ code: 999, message });
  });
});

describe('another program', () => {
  test('is given the configuration as it is and the environment with the verb replaced', async () => {
    script('x', `cat > ${folder}/stdin; env > ${folder}/env; echo '${RESULT}'`);
    const result = await delegator().add({ type: 'x', config: CONFIG, environment: { CNI_IFNAME: 'net1' } });
    expect(result).toEqual({ ips: [{ address: '10.0.0.2/24' }] });
    expect(readFileSync(join(folder, 'stdin'), 'utf8')).toBe(CONFIG);
    const environment = readFileSync(join(folder, 'env'), 'utf8').split('\n');
    for (const line of ['CNI_COMMAND=ADD', 'CNI_IFNAME=net1', 'CNI_CONTAINERID=c1'])
      expect(environment).toContain(line);
  });

  test.each([
    ['null', {}],
    ['{}', {}],
    ['{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.2/24"}}', { ips: [{ address: '10.0.0.2/24' }] }],
    ['{"ips":[{"address":"10.0.0.2/24"}]}', { ips: [{ address: '10.0.0.2/24' }] }],
  ])('ADD that prints %s', async (stdout, expected) => {
    script('x', `echo '${stdout}'`);
    expect(await delegator().add({ type: 'x', config: CONFIG })).toEqual(expected);
  });

  test.each(['DEL', 'CHECK', 'GC', 'STATUS'] as const)('%s needs no output', async (verb) => {
    script('x', `test "$CNI_COMMAND" = ${verb}`);
    await delegator().run({ type: 'x', verb, config: CONFIG });
  });

  test.each([
    ['echo \'{"code":11,"msg":"busy","details":"later"}\'; exit 1', { code: 11, message: 'busy', details: 'later' }],
    ['echo \'{"Code":7,"MSG":"bad"}\'; exit 3', { code: 7, message: 'bad', details: '' }],
    [
      'echo oops; exit 1',
      { code: 0, message: /^netplugin failed but error parsing its diagnostic message "oops\\n": line 1, column 1/ },
    ],
    [
      'echo "[]"; exit 1',
      { code: 0, message: /error parsing its diagnostic message .*: the document is not an object/ },
    ],
    ['echo \'{"code":"x"}\'; exit 1', { code: 0, message: /code, msg or details is of another type/ }],
    ['exit 7', { code: 0, message: 'netplugin failed with no error message: exit status 7' }],
    ['echo broken >&2; exit 7', { code: 0, message: 'netplugin failed: "broken\\n": exit status 7' }],
    ['kill -KILL $$', { code: 0, message: 'netplugin failed with no error message: signal: SIGKILL' }],
  ])('that fails with %j', async (body, expected) => {
    script('x', body);
    const error = await errorOf(delegator().add({ type: 'x', config: CONFIG }));
    const { message, ...rest } = expected;
    expect(error).toMatchObject(rest);
    expect(error.message).toMatch(message);
  });

  test('that hangs is killed and named, before the runtime loses its patience', async () => {
    vi.stubEnv('CNI_COMMAND', 'ADD');
    const { call, last } = PATIENCE;
    Object.assign(PATIENCE, { call: 0, last: 300 });
    try {
      script('x', 'echo waiting for the API >&2; exec sleep 30');
      const error = await errorOf(delegator().add({ type: 'x', config: CONFIG }));
      expect(error.message).toBe(`${folder}/x did not end its ADD within 0.3 s and was killed`);
      expect(error.details).toContain('it said "waiting for the API\\n"');
    } finally {
      Object.assign(PATIENCE, { call, last });
      vi.unstubAllEnvs();
    }
  });

  test('that prints no result on ADD', async () => {
    script('x', 'true');
    const error = await errorOf(delegator().add({ type: 'x', config: CONFIG }));
    expect(error.message).toBe('failed to unmarshal raw result: unexpected end of JSON input');
  });

  test('that prints a result with a broken address', async () => {
    script('x', 'echo \'{"ips":[{"address":"10.0.0.300/8"}]}\'');
    const error = await errorOf(delegator().add({ type: 'x', config: CONFIG }));
    expect(error.message).toContain('invalid CIDR address: 10.0.0.300/8');
  });

  test('that cannot be executed', async () => {
    script('x', 'true');
    chmodSync(join(folder, 'x'), 0o644);
    const error = await errorOf(delegator().add({ type: 'x', config: CONFIG }));
    expect(error.message).toContain('permission denied');
  });

  test('that is being written is waited for', async () => {
    copyFileSync('/bin/true', join(folder, 'x'));
    const writer = openSync(join(folder, 'x'), 'r+');
    const started = performance.now();
    setTimeout(() => closeSync(writer), 250);
    await delegator().run({ type: 'x', verb: 'DEL', config: CONFIG });
    expect(performance.now() - started).toBeGreaterThan(240);
  });
});

describe('a file of this very build', () => {
  test('is called in this process, with a configuration and an environment of its own', async () => {
    script('self', 'exit 99');
    copyFileSync(join(folder, 'self'), join(folder, 'fake'));
    const { plugin, calls } = fakePlugin((call) => {
      // Whatever a plugin does to what it was given stays with it.
      call.rawConf['name'] = 'changed';
      return { ips: [{ address: '10.0.0.9/8' }] };
    });
    const door = delegator(plugin);
    const request = { type: 'fake', config: CONFIG, environment: { CNI_IFNAME: 'net1' } };
    for (let round = 0; round < 2; round++)
      expect(await door.add(request)).toEqual({ ips: [{ address: '10.0.0.9/8' }] });
    await door.run({ type: 'fake', verb: 'DEL', config: CONFIG });
    expect(calls.map(({ verb, network }) => [verb, network])).toEqual([
      ['ADD', 'net'],
      ['ADD', 'net'],
      ['DEL', 'net'],
    ]);
    const names = calls.map((call) => (call as AttachmentCall<unknown>).ifName);
    expect(names).toEqual(['net1', 'net1', 'eth0']);
    expect(process.env['CNI_COMMAND']).toBeUndefined();
  });

  test('a copy with other bytes behind the same name is another program', async () => {
    script('self', 'exit 99');
    script('fake', `echo '${RESULT}'`);
    const { plugin, calls } = fakePlugin({});
    expect(await delegator(plugin).add({ type: 'fake', config: CONFIG })).toEqual({
      ips: [{ address: '10.0.0.2/24' }],
    });
    expect(calls).toEqual([]);
  });

  test('a name that it does not have is left to the file', async () => {
    script('self', `echo '${RESULT}'`);
    copyFileSync(join(folder, 'self'), join(folder, 'other'));
    expect(await delegator().add({ type: 'other', config: CONFIG })).toEqual({ ips: [{ address: '10.0.0.2/24' }] });
  });

  test('a plugin inside it needs no file of its own', async () => {
    script('self', 'exit 99');
    const { plugin } = fakePlugin({ ips: [{ address: '10.0.0.9/8' }] });
    expect(await delegator(plugin).add({ type: 'fake', config: CONFIG })).toEqual({ ips: [{ address: '10.0.0.9/8' }] });
    const error = await errorOf(delegator(plugin).add({ type: 'other', config: CONFIG }));
    expect(error).toMatchObject({
      message: `failed to find plugin "other" in path [/nowhere ${folder}]`,
      type: 'other',
    });
  });

  test('its errors come as they are, and the protocol is held to', async () => {
    script('self', 'exit 99');
    copyFileSync(join(folder, 'self'), join(folder, 'fake'));
    const { plugin } = fakePlugin(() => {
      throw new CniError(11, 'busy', 'later');
    });
    const busy = await errorOf(delegator(plugin).add({ type: 'fake', config: CONFIG }));
    expect(busy).toMatchObject({ code: 11, message: 'busy', details: 'later' });
    const old = await errorOf(delegator(plugin).run({ type: 'fake', verb: 'GC', config: CONFIG }));
    expect(old).toMatchObject({ code: 1, message: 'config version does not allow GC' });
    const nameless = await errorOf(delegator(plugin).add({ type: 'fake', config: '{}' }));
    expect(nameless).toMatchObject({ code: 7, message: 'missing network name' });
    const empty = await errorOf(delegator(plugin, { CNI_CONTAINERID: '' }).add({ type: 'fake', config: CONFIG }));
    expect(empty).toMatchObject({ code: 4, message: 'required env variables [CNI_CONTAINERID] missing' });
  });

  test('what the oldest versions cannot say is lost as it would be between two processes', async () => {
    script('self', 'exit 99');
    copyFileSync(join(folder, 'self'), join(folder, 'fake'));
    const { plugin } = fakePlugin({
      ips: [{ address: '10.0.0.9/8' }, { address: '10.0.0.10/8' }],
      routes: [{ dst: '0.0.0.0/0', mtu: 1400 }],
    });
    const config = CONFIG.replace('1.0.0', '0.2.0');
    expect(await delegator(plugin).add({ type: 'fake', config })).toEqual({
      ips: [{ address: '10.0.0.9/8' }],
      routes: [{ dst: '0.0.0.0/0' }],
    });
  });
});
