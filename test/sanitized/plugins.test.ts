import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { sanitizedPlugins } from '../../scripts/lib/sanitized.ts';
import { createNetwork, eventually } from '../netns/dhcp/network.ts';
import { startDnsmasq, stopServers } from '../netns/dhcp/servers.ts';
import { createHost } from '../netns/harness/host.ts';
import { ChainError, Runtime } from '../netns/harness/libcni.ts';
import type { PluginEntry } from '../netns/harness/libcni-conf.ts';
import { CHAINS, type Chain } from '../proof/faults-chains.ts';
import { ENVIRONMENT } from './environment.ts';

const REPORT = /AddressSanitizer|runtime error|SUMMARY: /;

const STATIC = { type: 'static', addresses: [{ address: '10.1.0.9/24' }] };

function chainOf(title: string, ...plugins: readonly PluginEntry[]): Chain {
  return { title, list: { cniVersion: '1.1.0', name: 'net', plugins } };
}

const bridge = { type: 'bridge', isGateway: true, ipam: STATIC };

const ALL: readonly Chain[] = [
  ...CHAINS,
  chainOf('bridge and sbr', { ...bridge, isDefaultGateway: true }, { type: 'sbr' }),
  chainOf('bridge and vrf', bridge, { type: 'vrf', vrfname: 'red' }),
  ...['vlan', 'ipvlan', 'dummy'].map((type) => chainOf(type, { type, master: 'lan0', vlanId: 5, ipam: STATIC })),
];

/** Kinds of links that not every kernel has: there the ADD is refused, and that has to be right as well. */
const MAY_BE_MISSING = ['vlan', 'ipvlan', 'dummy', 'bridge and vrf'];

let folder: string;
beforeAll(async () => {
  folder = await sanitizedPlugins();
}, 600_000);
afterAll(stopServers);

/** Does a part of a run, in which no sanitizer may have said anything; gives what a plugin refused. */
async function attempt(runtime: Runtime, work: () => Promise<unknown>): Promise<ChainError | undefined> {
  let refused: ChainError | undefined;
  try {
    await work();
  } catch (thrown) {
    if (!(thrown instanceof ChainError)) throw thrown;
    refused = thrown;
  }
  const said = runtime.calls.map(({ plugin, verb, outcome }) => `${plugin} ${verb}: ${outcome.stderr}`);
  expect(said.filter((line) => REPORT.test(line))).toEqual([]);
  return refused;
}

async function succeed(runtime: Runtime, work: () => Promise<unknown>): Promise<void> {
  expect((await attempt(runtime, work))?.message).toBeUndefined();
}

test.each(ALL.map((chain) => [chain.title, chain] as const))('%s', async (title, chain) => {
  const host = await createHost('sanitized');
  try {
    await (chain.prepare ?? (() => host.ip('link add lan0 type veth peer name lan1')))(host);
    const pod = await host.addPod();
    const runtime = new Runtime(host, [folder], ENVIRONMENT);
    const { capabilities, ifName = 'eth0' } = chain;
    const attachment = { containerId: 'c1', netns: pod.path, ifName, ...(capabilities && { capabilities }) };
    const list = { ...chain.list, cniVersion: '1.1.0' };
    const refused = await attempt(runtime, () => runtime.add(list, attachment));
    if (!MAY_BE_MISSING.includes(title)) expect(refused?.message).toBeUndefined();
    if (refused === undefined) await succeed(runtime, () => runtime.check(list, attachment));
    await succeed(runtime, () => runtime.gc(list, [attachment]));
    await succeed(runtime, () => runtime.delTwice(list, attachment));
  } finally {
    await host.dispose();
  }
});

test('dhcp, with its daemon', async () => {
  const host = await createHost('sanitized');
  try {
    await startDnsmasq(await createNetwork(host));
    const line = `exec '${folder}/dhcp' daemon -timeout 2s 2>>/run/dhcp/daemon.log`;
    const daemon = host.start(['sh', '-c', line], { env: ENVIRONMENT });
    const pod = await host.addPod();
    const runtime = new Runtime(host, [folder], ENVIRONMENT);
    const { list } = chainOf('dhcp', { type: 'macvlan', master: 'lan0', ipam: { type: 'dhcp' } });
    const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0' };
    await eventually(() => runtime.status(list));
    await succeed(runtime, () => runtime.add(list, attachment));
    await succeed(runtime, () => runtime.check(list, attachment));
    await succeed(runtime, () => runtime.delTwice(list, attachment));
    const { stdout } = await host.run(['cat', '/run/dhcp/daemon.log']);
    expect(stdout).toContain('was given back');
    expect(stdout).not.toMatch(REPORT);
    await daemon.stop();
  } finally {
    await host.dispose();
  }
});

test('a mistake would have been seen', async () => {
  const { exitCode, stderr } = await execa(await driver('test/sanitized/mistake-driver.ts', 'sanitized'), {
    env: ENVIRONMENT,
    reject: false,
  });
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(REPORT);
});

test('every plugin was among them', () => {
  const types = ALL.flatMap(({ list }) => list.plugins.flatMap((plugin) => [plugin.type, typeOf(plugin['ipam'])]));
  expect(PLUGIN_NAMES.filter((name) => !types.includes(name) && name !== 'dhcp')).toEqual([]);
});

function typeOf(ipam: unknown): string {
  return typeof ipam === 'object' && ipam !== null && 'type' in ipam ? String(ipam.type) : '';
}
