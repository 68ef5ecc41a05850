import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../harness/host.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { CONF_FOLDER, cnitoolOn, configure, fullList, MAY_STAY, toolOn } from './support.ts';

const host = await useHost({ mayStay: [...MAY_STAY, /^host link cni0 /, /^file \/run\/foreign/] });
const cni = toolOn(host);
const RESULTS = `${host.root}/var/lib/cni/results`;
const FOREIGN = '/run/foreign';

/** Notes what it is given, and answers as its configuration says. */
const RECORDER = `#!/bin/sh
conf=$(cat)
printf '%s|%s|%s|%s|%s|%s\\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_NETNS" "$CNI_IFNAME" "$CNI_ARGS" "$conf" >>${FOREIGN}/seen
case "$CNI_COMMAND $conf" in
  *'"fail":"'$CNI_COMMAND'"'*) echo '{"code":11,"msg":"not today","details":"closed"}'; exit 1 ;;
  ADD*) echo '{"cniVersion":"1.0.0","ips":[{"address":"10.9.8.7/24"}],"dns":{"domain":"recorder"}}' ;;
esac
`;

let pod: Pod;

beforeEach(async () => {
  pod = await host.addPod();
  mkdirSync(host.root + FOREIGN, { recursive: true });
  writeFileSync(`${host.root}${FOREIGN}/recorder`, RECORDER, { mode: 0o755 });
});

afterEach(async () => {
  for (const folder of [CONF_FOLDER, FOREIGN]) rmSync(host.root + folder, { recursive: true, force: true });
  rmSync(RESULTS, { recursive: true, force: true });
});

function containerId(): string {
  return `cnitool-${createHash('sha512').update(pod.path).digest('hex').slice(0, 20)}`;
}

function cacheFile(network: string, ifName = 'eth0'): string {
  return `${RESULTS}/${network}-${containerId()}-${ifName}`;
}

function seen(): readonly { verb: string; id: string; netns: string; ifName: string; args: string; conf: object }[] {
  const lines = readFileSync(`${host.root}${FOREIGN}/seen`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [verb = '', id = '', netns = '', ifName = '', args = '', ...conf] = line.split('|');
    return { verb, id, netns, ifName, args, conf: JSON.parse(conf.join('|')) };
  });
}

test('a whole list is added, checked and deleted, and nothing of it stays', async () => {
  configure(host, '10-net.conflist', fullList());
  const CAP_ARGS = JSON.stringify({ portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] });
  const tool = toolOn(host, { CAP_ARGS });
  const add = await tool('add', 'net', pod.path);
  expect(add).toMatchObject({ exitCode: 0, stderr: '' });
  const result = JSON.parse(add.stdout);
  expect(add.stdout).toBe(JSON.stringify(result, null, 4));
  expect(result.ips.map(({ address }: { address: string }) => address)).toEqual(['10.88.0.2/16', 'fd00:88::2/64']);
  expect(await pod.ip('addr show dev eth0')).toContain('10.88.0.2/16');
  expect((await host.run(['iptables', '-t', 'nat', '-S'])).stdout).toContain('--dports 8080');
  expect(await tool('check', 'net', pod.path)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  expect(await tool('status', 'net', pod.path)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  await pod.ip('addr del 10.88.0.2/16 dev eth0');
  expect(await tool('check', 'net', pod.path)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('10.88.0.2'),
  });
  expect(await tool('del', 'net', pod.path)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  expect(readdirSync(RESULTS)).toEqual([]);
  expect(await tool('del', 'net', pod.path)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  await host.ip('link del cni0');
  await host.run([
    'sh',
    '-c',
    'iptables -F; iptables -t nat -F; iptables -X; iptables -t nat -X; ip6tables -F; ip6tables -t nat -F; ip6tables -X; ip6tables -t nat -X; nft flush ruleset',
  ]);
});

test('foreign plugins are given what libcni gives them, and the cache is libcni’s', async () => {
  const capabilities = { ips: true, other: false };
  const list = {
    cniVersion: '1.0.0',
    name: 'net',
    plugins: [{ type: 'recorder', capabilities }, { type: 'recorder' }],
  };
  configure(host, '10-net.conflist', list);
  const tool = toolOn(host, { CNI_PATH: `/nowhere:${FOREIGN}`, CNI_ARGS: 'A=b;C=d', CAP_ARGS: '{"ips":["1"],"x":1}' });
  const add = await tool('add', 'net', pod.path, '--ifname', 'net1');
  const result = { cniVersion: '1.0.0', dns: { domain: 'recorder' }, ips: [{ address: '10.9.8.7/24' }] };
  expect(add).toMatchObject({ exitCode: 0, stdout: JSON.stringify(result, null, 4), stderr: '' });
  const call = { id: containerId(), netns: pod.path, ifName: 'net1', args: 'A=b;C=d' };
  const base = { cniVersion: '1.0.0', name: 'net', type: 'recorder' };
  expect(seen()).toEqual([
    { ...call, verb: 'ADD', conf: { ...base, capabilities, runtimeConfig: { ips: ['1'] } } },
    { ...call, verb: 'ADD', conf: { ...base, prevResult: result } },
  ]);
  const file = cacheFile('net', 'net1');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    kind: 'cniCacheV1',
    containerId: containerId(),
    config: Buffer.from(JSON.stringify(list)).toString('base64'),
    ifName: 'net1',
    networkName: 'net',
    netns: pod.path,
    cniArgs: [
      ['A', 'b'],
      ['C', 'd'],
    ],
    capabilityArgs: { ips: ['1'], x: 1 },
    result,
  });
  expect([statSync(file).mode & 0o777, statSync(RESULTS).mode & 0o777]).toEqual([0o600, 0o700]);
  await tool('check', 'net', pod.path, '-i', 'net1');
  await tool('del', 'net', pod.path, '-i', 'net1');
  expect(
    seen()
      .slice(2)
      .map(({ verb, conf }) => [verb, 'runtimeConfig' in conf]),
  ).toEqual([
    ['CHECK', true],
    ['CHECK', false],
    ['DEL', false],
    ['DEL', true],
  ]);
  for (const { conf } of seen().slice(2)) expect(conf).toMatchObject({ prevResult: result });
});

test('a cache file that libcni wrote is used: of its present form, of the oldest, and of another version', async () => {
  const conf = (cniVersion: string) => ({ cniVersion, name: 'net', plugins: [{ type: 'recorder' }] });
  const tool = toolOn(host, { CNI_PATH: FOREIGN });
  mkdirSync(RESULTS, { mode: 0o700 });
  const old = { cniVersion: '0.4.0', ips: [{ version: '4', address: '10.1.1.1/24' }], dns: {} };
  const current = { cniVersion: '1.0.0', ips: [{ address: '10.1.1.1/24' }] };
  for (const [content, version, expected] of [
    [
      { kind: 'cniCacheV1', containerId: containerId(), ifName: 'eth0', networkName: 'net', result: current },
      '1.0.0',
      current,
    ],
    [old, '0.4.0', old],
    [old, '1.0.0', current],
  ] as const) {
    configure(host, '10-net.conflist', conf(version));
    writeFileSync(cacheFile('net'), JSON.stringify(content));
    expect(await tool('del', 'net', pod.path)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(seen().at(-1)?.conf).toMatchObject({ prevResult: expected });
  }
  writeFileSync(cacheFile('net'), 'damaged');
  expect(await tool('check', 'net', pod.path)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('failed to get network "net" cached result: '),
  });
  expect(await tool('del', 'net', pod.path)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(seen().at(-1)?.conf).not.toHaveProperty('prevResult');
  expect(readdirSync(RESULTS)).toEqual([]);
});

test('gc under the name of cnitool deletes all of the network in the cache with what they were added with, and then collects', async () => {
  const list = { cniVersion: '1.1.0', name: 'net', plugins: [{ type: 'recorder' }] };
  configure(host, '10-net.conflist', list);
  configure(host, '20-other.conflist', { ...list, name: 'other' });
  const tool = toolOn(host, { CNI_PATH: FOREIGN });
  await toolOn(host, { CNI_PATH: FOREIGN, CNI_ARGS: 'A=b' })('add', 'net', pod.path, '-i', 'one');
  await tool('add', 'net', pod.path, '-i', 'two');
  await tool('add', 'other', pod.path);
  expect(await cnitoolOn(host, { CNI_PATH: FOREIGN })('gc', 'net', pod.path)).toMatchObject({
    exitCode: 0,
    stdout: '',
    stderr: '',
  });
  const calls = seen().slice(3);
  expect(calls.map(({ verb, ifName, args }) => `${verb} ${ifName} ${args}`)).toEqual([
    'DEL one A=b',
    'DEL two ',
    'GC  ',
  ]);
  expect(calls.at(-1)?.conf).toEqual({ ...list.plugins[0], cniVersion: '1.1.0', name: 'net' });
  expect(readdirSync(RESULTS)).toEqual([`other-${containerId()}-eth0`]);
  configure(host, '10-net.conflist', { ...list, disableGC: true });
  await cnitoolOn(host, { CNI_PATH: FOREIGN })('gc', 'net', pod.path);
  expect(seen().length).toBe(6);
});

test('failures are said on stderr in the words of libcni, with exit status 1', async () => {
  const failing = (verb: string, change: object = {}) => {
    configure(host, '10-net.conflist', {
      cniVersion: '1.1.0',
      name: 'net',
      plugins: [{ type: 'recorder', fail: verb }],
      ...change,
    });
  };
  const tool = toolOn(host, { CNI_PATH: FOREIGN });
  const said = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await tool(...args, 'net', pod.path);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    return stderr;
  };
  failing('ADD');
  expect(await said('add')).toBe('cni: plugin type="recorder" failed (add): not today; closed\n');
  failing('CHECK');
  expect(await said('check')).toBe('cni: not today; closed\n');
  failing('DEL');
  expect(await said('del')).toBe('cni: plugin type="recorder" failed (delete): not today; closed\n');
  failing('GC');
  expect((await cnitoolOn(host, { CNI_PATH: FOREIGN })('gc', 'net', pod.path)).stderr).toBe(
    'Error: failed to GC plugin recorder: not today; closed\n',
  );
  failing('STATUS');
  expect(await said('status')).toBe('cni: not today; closed\n');
  failing('', { cniVersion: '0.3.1' });
  expect(await said('check')).toContain('configuration version "0.3.1" does not support the CHECK command');
  failing('CHECK', { disableCheck: true });
  expect(await tool('check', 'net', pod.path)).toMatchObject({ exitCode: 0 });
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'nothere' }] });
  expect(await said('add')).toContain(
    `plugin type="nothere" failed (add): failed to find plugin "nothere" in path [${FOREIGN}]`,
  );
  expect((await toolOn(host, { CNI_ARGS: 'A=' })('add', 'net', pod.path)).stderr).toContain(
    'invalid CNI_ARGS pair "A="',
  );
  expect((await cni('add', 'unknown', pod.path)).stderr).toContain(
    `no net configuration with name "unknown" in ${CONF_FOLDER}`,
  );
  expect(await cni('add', 'net')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('usage: cni add') });
});

test('a link called cnitool does the same', async () => {
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'recorder' }] });
  const link = `${FOREIGN}/cnitool`;
  symlinkSync(join(BUILT_PLUGINS, 'cni'), host.root + link);
  const env = { NETCONFPATH: CONF_FOLDER, CNI_PATH: FOREIGN, CNI_IFNAME: 'net7' };
  const tool = (...args: string[]) => host.run([link, ...args], { env });
  expect(await tool('add', 'net', pod.path)).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringContaining('10.9.8.7/24'),
  });
  expect(readdirSync(RESULTS)).toEqual([`net-${containerId()}-net7`]);
  expect(await tool('del', 'net', pod.path)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  expect(await tool('add', 'net')).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await tool('blub', 'net', pod.path)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('"blub"') });
  expect(await tool('add', 'other', pod.path)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^Error: no net configuration with name "other"/),
  });
});
