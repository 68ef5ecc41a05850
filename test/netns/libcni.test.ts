import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from './harness/host.ts';
import { type Attachment, ChainError, Runtime } from './harness/libcni.ts';
import type { Conflist } from './harness/libcni-conf.ts';
import { BUILT_PLUGINS } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';

// A foreign plugin next to ours in a list: what each of them is given, and that the built loopback bears it.

const host = await useHost({ mayStay: [/^file \/run\/seen /] });
const SEEN = `${host.root}/run/seen`;

/** Notes what it is given, answers with its prevResult or one of its own, and fails when its configuration says so. */
const RECORDER = `#!/bin/sh
conf=$(cat)
printf '%s|%s|%s|%s|%s|%s|%s\\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_NETNS" "$CNI_IFNAME" "$CNI_ARGS" "$CNI_PATH" "$conf" >>/run/seen
case "$CNI_COMMAND $conf" in
  VERSION*) echo '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}' ;;
  *'"fail":"'$CNI_COMMAND'"'*) echo '{"code":11,"msg":"not today"}'; exit 1 ;;
  ADD*) echo '{"cniVersion":"1.0.0","ips":[{"address":"10.9.8.7/24"}],"dns":{"domain":"recorder"}}' ;;
esac
`;

interface Seen {
  readonly verb: string;
  readonly netns: string;
  readonly args: string;
  readonly path: string;
  readonly conf: Record<string, unknown>;
}

let foreign: string;
let pod: Pod;
let attachment: Attachment;
let runtime: Runtime;

beforeAll(() => {
  foreign = mkdtempSync(join(tmpdir(), 'cni-ts-foreign-'));
  writeFileSync(join(foreign, 'recorder'), RECORDER, { mode: 0o755 });
  return () => rmSync(foreign, { recursive: true });
});

beforeEach(async () => {
  pod = await host.addPod();
  attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0' };
  runtime = new Runtime(host, [foreign, BUILT_PLUGINS]);
  writeFileSync(SEEN, '');
});

afterAll(() => rmSync(SEEN, { force: true }));

function list(change: Partial<Conflist> = {}): Conflist {
  return { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'recorder' }, { type: 'loopback' }], ...change };
}

function seen(): readonly Seen[] {
  const lines = readFileSync(SEEN, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [verb = '', , netns = '', , args = '', path = '', ...conf] = line.split('|');
    return { verb, netns, args, path, conf: JSON.parse(conf.join('|')) };
  });
}

function verbs(): readonly string[] {
  return runtime.calls.map(({ verb, plugin }) => `${verb} ${plugin}`);
}

const RESULT = { cniVersion: '1.0.0', ips: [{ address: '10.9.8.7/24' }], dns: { domain: 'recorder' } };

describe('a list of a foreign plugin and loopback', () => {
  test('is added forwards, checked forwards and deleted backwards', async () => {
    expect(await runtime.add(list(), attachment)).toEqual(RESULT);
    await runtime.check(list(), attachment);
    await runtime.del(list(), attachment);
    const order = ['ADD recorder', 'ADD loopback', 'CHECK recorder', 'CHECK loopback', 'DEL loopback', 'DEL recorder'];
    expect(verbs()).toEqual(order);
    const [add, check, del] = seen();
    expect(add?.conf).toEqual({ cniVersion: '1.0.0', name: 'net', type: 'recorder' });
    expect(check?.conf['prevResult']).toEqual(RESULT);
    expect(del?.conf['prevResult']).toEqual(RESULT);
    expect(Object.keys(del?.conf ?? {})).toEqual(['cniVersion', 'name', 'prevResult', 'type']);
    expect(add?.path).toBe(`${foreign}:${BUILT_PLUGINS}`);
    expect(await pod.ip('link show dev lo')).not.toContain('UP');
    expect(runtime.knows(list(), attachment)).toBe(false);
  });

  test('is deleted twice as containerd does, the second time with nothing to go by', async () => {
    await runtime.add(list(), attachment);
    await runtime.delTwice(list(), attachment);
    const [first, second] = seen().filter(({ verb }) => verb === 'DEL');
    expect(first).toMatchObject({ netns: pod.path, conf: { prevResult: RESULT } });
    expect(second?.netns).toBe('');
    expect(second?.conf).not.toHaveProperty('prevResult');
  });

  test('below 0.4.0 DEL has no result and there is no CHECK', async () => {
    const old = list({ cniVersion: '0.3.1', plugins: [{ type: 'loopback' }, { type: 'recorder' }] });
    await runtime.add(old, attachment).catch(() => {});
    await expect(runtime.check(old, attachment)).rejects.toThrow('does not support the CHECK command');
    await runtime.del(old, attachment);
    expect(seen().at(-1)?.conf).not.toHaveProperty('prevResult');
  });

  test('gets CNI_ARGS and, of the runtime’s values, those of the capabilities that a plugin declares', async () => {
    const capabilities = { portMappings: true, bandwidth: false };
    const capable = list({ plugins: [{ type: 'recorder', capabilities }, { type: 'loopback' }] });
    const values = { portMappings: [{ hostPort: 80 }], bandwidth: {}, ips: ['10.0.0.1/8'] };
    const args = 'IgnoreUnknown=1;K8S_POD_NAME=web';
    await runtime.add(capable, { ...attachment, args, capabilities: values });
    await runtime.del(capable, { ...attachment, args, capabilities: values });
    for (const { conf, args: received } of seen()) {
      expect(conf).toMatchObject({ capabilities, runtimeConfig: { portMappings: [{ hostPort: 80 }] } });
      expect(Object.keys(conf['runtimeConfig'] ?? {})).toEqual(['portMappings']);
      expect(received).toBe(args);
    }
  });

  test('ends at the first plugin that fails, and what is there is left to the DEL', async () => {
    const failing = list({ plugins: [{ type: 'loopback' }, { type: 'recorder', fail: 'ADD' }] });
    const thrown = await runtime.add(failing, attachment).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ChainError);
    expect(thrown).toMatchObject({ plugin: 'recorder', outcome: { exitCode: 1, error: { code: 11 } } });
    expect(await pod.ip('link show dev lo')).toContain('LOOPBACK,UP');
    expect(runtime.knows(failing, attachment)).toBe(false);
    await runtime.del(failing, attachment);
    expect(await pod.ip('link show dev lo')).not.toContain('LOOPBACK,UP');
  });

  test('GC deletes what is not valid any more and tells every plugin what is', async () => {
    const newest = list({ cniVersion: '1.1.0' });
    const stale = { ...attachment, containerId: 'c2', netns: (await host.addPod()).path };
    await runtime.add(newest, attachment);
    await runtime.add(newest, stale);
    await runtime.gc(newest, [attachment]);
    expect(verbs().slice(4)).toEqual(['DEL loopback', 'DEL recorder', 'GC recorder', 'GC loopback']);
    const attachments = [{ containerID: 'c1', ifname: 'eth0' }];
    expect(seen().at(-1)?.conf).toMatchObject({
      'cni.dev/valid-attachments': attachments,
      'cni.dev/attachments': attachments,
    });
    expect([runtime.knows(newest, attachment), runtime.knows(newest, stale)]).toEqual([true, false]);
    await runtime.gc(newest, [attachment], ['cni.dev/attachments']);
    expect(seen().at(-1)?.conf).not.toHaveProperty('cni.dev/valid-attachments');
    await runtime.del(newest, attachment);
  });

  test('GC goes on after a failure, STATUS stops; before 1.1.0 neither is called', async () => {
    const plugins = (fail: string) => [{ type: 'recorder', fail }, { type: 'loopback' }];
    const newest = (fail: string) => list({ cniVersion: '1.1.0', plugins: plugins(fail) });
    await expect(runtime.gc(newest('GC'), [])).rejects.toThrow('not today');
    await expect(runtime.status(newest('STATUS'))).rejects.toThrow('not today');
    expect(verbs()).toEqual(['GC recorder', 'GC loopback', 'STATUS recorder']);
    await runtime.status(newest('nothing'));
    await runtime.status(list());
    await runtime.gc(list(), []);
    expect(verbs().slice(3)).toEqual(['STATUS recorder', 'STATUS loopback']);
  });

  test('is validated by asking every plugin for its versions', async () => {
    await runtime.validate(list());
    expect(verbs()).toEqual(['VERSION recorder', 'VERSION loopback']);
    expect(seen()[0]).toMatchObject({ netns: 'dummy', path: 'dummy', conf: { cniVersion: '1.1.0' } });
    const old = list({ cniVersion: '0.2.0', plugins: [{ type: 'recorder' }] });
    await expect(runtime.validate(old)).rejects.toThrow('plugin recorder does not support config version "0.2.0"');
  });

  test('with a plugin that is in no folder is an error of the runtime', async () => {
    const missing = list({ plugins: [{ type: 'nowhere' }] });
    await expect(runtime.add(missing, attachment)).rejects.toThrow('failed to find plugin "nowhere"');
  });
});
