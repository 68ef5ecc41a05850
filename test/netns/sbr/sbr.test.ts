import { expect, test } from 'vitest';
import { interfere, momentsOf } from '../bridge/moments.ts';
import { OURS, referenceSuite } from '../bridge/suites.ts';
import { configure, MAY_STAY, toolOn } from '../cli/support.ts';
import { BY_IP, byDriver, NATIVE } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall, pluginEnvironment } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { call, callOf, routedPod, routingOf } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: MAY_STAY });

const rulesOf = async (pod: Pod) => (await routingOf(pod)).filter((line) => line.startsWith('rule '));
const inTable = (lines: readonly string[], table: number) =>
  lines.filter((line) => line.startsWith('route') && line.includes(`"table":"${table}"`));

test.each([
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const)('what one suite made the other checks and removes', async (adds, removes) => {
  for (const conf of [{}, { table: 500 }]) {
    const pod = await routedPod(host, 'route del 10.6.0.0/16 via 192.0.2.1 dev eth0');
    const before = await rulesOf(pod);
    expect((await call(host, callOf('ADD', pod, conf), adds)).error).toBe(undefined);
    expect((await call(host, callOf('CHECK', pod, conf), removes)).error).toBe(undefined);
    expect((await call(host, callOf('DEL', pod, conf), removes)).error).toBe(undefined);
    expect(await rulesOf(pod)).toEqual(before);
    await pod.remove();
  }
});

test('tables that others use are left alone, also those that only have routes', async () => {
  const more =
    'route add 10.5.0.0/16 dev eth1 table 100\nroute add fd05::/64 dev eth1 table 102\nrule add from 10.0.0.77 table 101';
  const pod = await routedPod(host, more);
  expect((await call(host, callOf('ADD', pod))).error).toBe(undefined);
  const after = await routingOf(pod);
  expect(inTable(after, 100)).toHaveLength(1);
  expect(inTable(after, 102)).toHaveLength(1);
  expect(inTable(after, 103).join()).toContain('"dst":"default","gateway":"10.0.0.1"');
  expect(inTable(after, 104).join()).toContain('"dst":"default","gateway":"fd00::1"');
  // A second interface finds the next ones.
  const second = { ips: [{ address: '10.1.0.5/24', gateway: '10.1.0.1' }], cniVersion: '1.0.0' };
  const other = { ...callOf('ADD', pod, { prevResult: second }), ifName: 'eth1' };
  expect((await call(host, other)).error).toBe(undefined);
  expect(inTable(await routingOf(pod), 105).join()).toContain('"gateway":"10.1.0.1"');
});

test('gateways of the configuration, and networks that stay in the main table', async () => {
  const pod = await routedPod(host);
  const conf = { gateways: ['fd00::9', '10.0.0.9'], addSourceHints: true };
  const before = await rulesOf(pod);
  expect((await call(host, callOf('ADD', pod, conf))).error).toBe(undefined);
  const after = await routingOf(pod);
  expect(inTable(after, 100).join()).toContain('"dst":"default","gateway":"10.0.0.9"');
  expect(inTable(after, 101).join()).toContain('"dst":"default","gateway":"fd00::9"');
  const main = after.filter((line) => line.startsWith('route') && !line.includes('"table"') && line.includes('eth0'));
  expect(main.map((line) => /"dst":"([^"]*)"/.exec(line)?.[1])).toEqual([
    '10.0.0.0/24',
    '10.7.0.0/16',
    '10.8.0.0/16',
    'fd00::/64',
  ]);
  expect(main.filter((line) => line.includes('"dst":"10.0.0.0/24"')).join()).toContain('"prefsrc":"10.0.0.5"');
  expect((await call(host, callOf('CHECK', pod, conf))).error).toBe(undefined);
  expect((await call(host, callOf('CHECK', pod))).error?.msg).toContain('no default route via 10.0.0.1');
  expect((await call(host, callOf('DEL', pod, conf))).error).toBe(undefined);
  expect(await rulesOf(pod)).toEqual(before);
  const refused = async (gateways: readonly string[]) =>
    (await call(host, callOf('ADD', pod, { gateways }))).error?.msg;
  expect(await refused(['x'])).toBe('invalid static gateway IP address: x');
  expect(await refused(['10.0.0.1', 'fd00::1', 'fd00::2'])).toContain('cannot contain more than 2 entries');
  expect(await refused(['10.0.0.1', '10.0.0.2'])).toBe(
    'gateways list contains multiple IPv4 addresses: 10.0.0.1 and 10.0.0.2',
  );
});

const SCENARIOS: readonly (readonly [
  title: string,
  before: (pod: Pod) => Promise<unknown>,
  change: (call: PluginCall) => Partial<PluginCall>,
])[] = [
  ['all is as it was', async () => {}, () => ({})],
  ['there is no result', async () => {}, ({ conf }) => ({ conf: { ...Object(conf), prevResult: undefined } })],
  ['the addresses are gone', (pod) => pod.ip('addr flush dev eth0'), () => ({})],
  ['the interface is gone', (pod) => pod.ip('link del dev eth0'), () => ({})],
  ['the namespace is gone', (pod) => pod.remove(), () => ({})],
  ['the namespace is not named', (pod) => pod.remove(), () => ({ netns: '' })],
];

test.each(SCENARIOS)('DEL, twice, leaves no rule and makes no file: %s', async (_, before, change) => {
  const pod = await routedPod(host);
  const rules = await rulesOf(pod);
  const full = callOf('DEL', pod);
  expect((await call(host, callOf('ADD', pod))).error).toBe(undefined);
  expect((await rulesOf(pod)).length).toBe(rules.length + 2);
  await before(pod);
  for (let times = 1; times <= 2; times++) {
    expect((await call(host, { ...full, ...change(full) })).error).toBe(undefined);
    if (host.pods.includes(pod)) expect(await rulesOf(pod)).toEqual(rules);
    else expect((await host.run(['ls', pod.path])).exitCode).not.toBe(0);
  }
});

test('DEL where the reference has left a file in place of a namespace', async () => {
  await host.run(['touch', '/run/netns/left']);
  const pod = await routedPod(host);
  expect((await call(host, { ...callOf('DEL', pod), netns: '/run/netns/left' })).error).toBe(undefined);
  await host.run(['rm', '/run/netns/left']);
});

test('rules with other selectors, and of other tables where one is named, stay', async () => {
  const more =
    'rule add from 10.0.0.5 fwmark 9 table 300\nrule add from 10.0.0.5 table 301\nrule add from 10.0.0.0/24 table 302';
  const pod = await routedPod(host, more);
  const conf = { table: 500 };
  const before = await rulesOf(pod);
  expect((await call(host, callOf('ADD', pod, conf))).error).toBe(undefined);
  expect((await call(host, callOf('DEL', pod, conf))).error).toBe(undefined);
  expect(await rulesOf(pod)).toEqual(before);
  expect((await call(host, callOf('DEL', pod))).error).toBe(undefined);
  expect(await rulesOf(pod)).toEqual(before.filter((line) => !line.includes('"301"')));
});

test('CHECK names what leads packets another way; STATUS says what makes every ADD fail', async () => {
  const pod = await routedPod(host);
  expect((await call(host, callOf('ADD', pod))).error).toBe(undefined);
  const check = async (conf: object = {}) => {
    const { error } = await call(host, callOf('CHECK', pod, conf));
    return error === undefined ? '' : `${error.msg}; ${error.details ?? ''}`;
  };
  expect(await check()).toBe('');
  expect(await check({ prevResult: undefined })).toContain('Required prevResult missing');
  expect(await check({ table: 7 })).toMatch(/^no rule leads packets from 10.0.0.5 to table 7; .*fd00::5/);
  await pod.ip('route del default table 100');
  expect(await check()).toContain('no default route via 10.0.0.1 in the table of packets from 10.0.0.5');
  await pod.ip('-6 rule del from fd00::5 table 101');
  expect(await check()).toContain('no rule leads packets from fd00::5 to a table of their own');
  await pod.ip('link del dev eth0');
  expect(await check()).toContain('Cannot find network interface eth0: Link not found');
  const status = async (conf: object) =>
    (await call(host, { verb: 'STATUS', conf: { cniVersion: '1.1.0', name: 'net', type: 'sbr', ...conf } })).error
      ?.code;
  expect(await status({})).toBe(undefined);
  expect(await status({ gateways: ['x'] })).toBe(50);
  expect(await status({ table: 0 })).toBe(50);
});

test('the program does what the kernel is told without it; no program is started when there is no need', async () => {
  for (const conf of [{}, { addSourceHints: true }]) {
    const [one, other] = [await routedPod(host), await routedPod(host)];
    const exec = { env: BY_IP };
    const argv = ['strace', '-f', '-qq', '-e', 'trace=execve', `${BUILT_PLUGINS}/sbr`];
    for (const verb of ['ADD', 'CHECK', 'DEL']) {
      const traced = callOf(verb, one, conf);
      const env = pluginEnvironment({ ...traced, path: '/', env: NATIVE });
      const { exitCode, stderr } = await host.run(argv, { stdin: JSON.stringify(traced.conf), env });
      expect([verb, exitCode, stderr.match(/execve/g)?.length]).toEqual([verb, 0, 1]);
      expect((await call(host, { ...callOf(verb, other, conf), ...exec })).error).toBe(undefined);
      expect(await routingOf(other)).toEqual(await routingOf(one));
    }
  }
});

test('behind bridge: its CHECK finds the route to the network in the table, and misses it there', async () => {
  const pod = await host.addPod();
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
  const plugins = [{ type: 'bridge', isGateway: true, ipam }, { type: 'sbr' }];
  const list = { cniVersion: '1.0.0', name: 'net', plugins };
  const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0' };
  const runtime = new Runtime(host);
  await runtime.add(list, attachment);
  await runtime.check(list, attachment);
  await pod.ip('route del 10.1.0.0/24 table 100');
  await expect(runtime.check(list, attachment)).rejects.toThrow('no route to the network of 10.1.0.2/24');
  await runtime.delTwice(list, attachment);
  await host.ip('link del dev cni0');
});

test('cni plan touches nothing and says what becomes of routes', async () => {
  const pod = await host.addPod();
  const ipam = { type: 'static', addresses: [{ address: '10.1.0.5/24', gateway: '10.1.0.1' }] };
  const plugins = [{ type: 'ptp', ipam }, { type: 'sbr' }];
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins });
  const planned = await toolOn(host)('plan', 'net', pod.path);
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
  expect(planned.stdout).toContain('ip rule add from 10.1.0.5/32 table 100');
  expect(planned.stdout).toContain('the routes of eth0 go into these tables and out of the main one');
});

test.each([
  ['fails', 'error=EIO'],
  ['is its last', 'signal=SIGKILL'],
])('a step that %s: rules and routes are as before', async (_, what) => {
  const sample = await routedPod(host);
  const addTo = (pod: Pod): PluginCall => ({ ...callOf('ADD', pod, { addSourceHints: true }), path: BUILT_PLUGINS });
  // What the kernel is told, or a program.
  const steps = [byDriver({ native: 'sendto', ip: 'write' }), 'setns', 'flock'];
  const moments = (await momentsOf(host, 'sbr', addTo(sample))).filter(({ call }) => steps.includes(call));
  await sample.remove();
  expect(moments.length).toBeGreaterThan(20);
  let failed = 0;
  let pod = await routedPod(host);
  const before = await routingOf(pod);
  for (const moment of moments) {
    const outcome = await interfere(host, 'sbr', addTo(pod), moment, what);
    if (outcome.exitCode !== 0) failed += 1;
    if (outcome.exitCode !== 0 && outcome.stdout !== '') {
      expect(await routingOf(pod), `${moment.line}\n${outcome.stdout}${outcome.stderr}`).toEqual(before);
      continue;
    }
    // A runtime calls DEL after a crash, and the interface goes: with it all routes, so that the rules are what may stay.
    expect((await callPlugin(host, 'sbr', { ...addTo(pod), verb: 'DEL' })).exitCode).toBe(0);
    expect(await rulesOf(pod), moment.line).toEqual(before.filter((line) => line.startsWith('rule ')));
    await pod.remove();
    pod = await routedPod(host);
  }
  console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
  expect(failed).toBeGreaterThan(moments.length / 2);
});
