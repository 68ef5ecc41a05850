import { expect, test } from 'vitest';
import { interfere, momentsOf } from '../bridge/moments.ts';
import { OURS, referenceSuite } from '../bridge/suites.ts';
import { configure, MAY_STAY, toolOn } from '../cli/support.ts';
import { BY_IP, byDriver, NATIVE } from '../harness/drivers.ts';
import type { Host, Pod } from '../harness/host.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall, pluginEnvironment } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { BOTH, call, callOf, ifbsOn, podWithPair, shapingOn } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: MAY_STAY });

/** Removes the host's end of a pair as the plugin before does, with all that hangs on it. */
const removePair = (veth: string) => host.ip(`link del dev ${veth}`);
const recordsOn = async (on: Host) => (await on.run(['find', '/run/cni-ts', '-type', 'f'])).stdout;

test.each([
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const)('what one suite made the other checks and removes', async (adds, removes) => {
  const odd = { ingressRate: 1_234_567, ingressBurst: 7_654_321, egressRate: 10_000_000, egressBurst: 4_294_967_295 };
  for (const [index, conf] of [BOTH, odd, { runtimeConfig: { bandwidth: BOTH } }].entries()) {
    const veth = `vx${index}`;
    const pod = await podWithPair(host, veth);
    // `tc` counts bursts more exactly than the reference, which takes that for another burst.
    const add = { ...callOf('ADD', pod, veth, conf), env: NATIVE };
    expect((await call(host, add, adds)).error).toBe(undefined);
    expect((await call(host, callOf('CHECK', pod, veth, conf), removes)).error).toBe(undefined);
    expect((await call(host, callOf('DEL', pod, veth, conf), removes)).error).toBe(undefined);
    expect(await ifbsOn(host)).toEqual([]);
    // What the other one knows nothing of: the record.
    await call(host, callOf('DEL', pod, veth, conf));
    await removePair(veth);
  }
});

const SCENARIOS: readonly (readonly [
  title: string,
  before: (pod: Pod) => Promise<unknown>,
  change: (call: PluginCall) => Partial<PluginCall>,
])[] = [
  ['all is as it was', async () => {}, () => ({})],
  ['the namespace is gone', (pod) => pod.remove(), () => ({})],
  ['the namespace is not named', (pod) => pod.remove(), () => ({ netns: '' })],
  ['there is no result', async () => {}, ({ conf }) => ({ conf: { ...Object(conf), prevResult: undefined } })],
  ['the pair is gone', () => removePair('vh'), () => ({})],
  ['the record is lost', () => host.run(['rm', '-rf', '/run/cni-ts']), () => ({})],
  ['its link is gone', async () => removePair((await ifbsOn(host))[0] ?? ''), () => ({})],
  [
    'there are no rates any more',
    async () => {},
    (full) => ({ conf: { ...Object(full.conf), egressRate: 0, egressBurst: 0 } }),
  ],
];

test.each(SCENARIOS)('DEL, twice, leaves nothing: %s', async (_, before, change) => {
  const pod = await podWithPair(host, 'vh');
  const full = callOf('DEL', pod, 'vh');
  expect((await call(host, callOf('ADD', pod, 'vh'))).error).toBe(undefined);
  expect(await ifbsOn(host)).toHaveLength(1);
  await before(pod);
  for (let times = 1; times <= 2; times++) {
    expect((await call(host, { ...full, ...change(full) })).error).toBe(undefined);
    expect([await ifbsOn(host), await recordsOn(host)]).toEqual([[], '']);
  }
  await host.run(['ip', 'link', 'del', 'dev', 'vh']);
});

test('CHECK names what is not as ADD left it', async () => {
  const pod = await podWithPair(host, 'vh');
  expect((await call(host, callOf('ADD', pod, 'vh'))).error).toBe(undefined);
  const [ifb = ''] = await ifbsOn(host);
  const check = async (conf: object = BOTH) => {
    const { error } = await call(host, callOf('CHECK', pod, 'vh', conf));
    return error === undefined ? '' : `${error.msg}; ${error.details ?? ''}`;
  };
  const tc = (line: string) => host.run(['tc', ...line.split(' ')]);
  expect(await check()).toBe('');
  expect(await check({ ...BOTH, prevResult: undefined })).toContain('must be called as a chained plugin');
  expect(await check({ ...BOTH, ingressRate: 9_000_000 })).toMatch(/^Rate doesn't match; .*Limit.*Buffer/);
  expect(await check({ ...BOTH, egressBurst: 900_000 })).toMatch(/^Limit doesn't match; .*Buffer/);
  expect(await check({ ...BOTH, latencyMs: 50 })).toMatch(/^Limit doesn't match/);
  await tc('filter del dev vh parent ffff:');
  expect(await check()).toContain(`nothing leads from vh to ${ifb}`);
  await tc('qdisc del dev vh ingress');
  await tc('qdisc del dev vh root');
  await host.ip(`link set dev ${ifb} down`);
  expect(await check()).toMatch(new RegExp(`^Failed to find qdisc; .*interface ${ifb} is down; nothing leads`));
  await host.ip(`link del dev ${ifb}`);
  expect(await check()).toContain('get ifb device: Link not found');
  expect((await call(host, callOf('DEL', pod, 'vh'))).error).toBe(undefined);
  await removePair('vh');
});

test('GC removes the links of what is not valid any more, and no others; STATUS says what makes every ADD fail', async () => {
  const pods: Pod[] = [];
  for (const id of ['c0', 'c1', 'c2']) {
    const pod = await podWithPair(host, `v${id}`);
    expect((await call(host, { ...callOf('ADD', pod, `v${id}`), containerId: id })).error).toBe(undefined);
    pods.push(pod);
  }
  await host.ip('link add name bwp0123456789ab type ifb');
  await pods[0]?.remove();
  const gc = (valid: readonly string[] | undefined, name = 'net') => {
    const list = valid?.map((containerID) => ({ containerID, ifname: 'eth0' }));
    const conf = { cniVersion: '1.1.0', name, type: 'bandwidth', ...BOTH };
    return call(host, {
      verb: 'GC',
      conf: { ...conf, 'cni.dev/valid-attachments': list, 'cni.dev/attachments': list },
    });
  };
  expect((await gc(undefined)).exitCode).toBe(0);
  expect((await gc([], 'other')).exitCode).toBe(0);
  expect(await ifbsOn(host)).toHaveLength(4);
  expect((await gc(['c2'])).stderr).toContain('removed what was left of c1 (eth0)');
  expect(await ifbsOn(host)).toHaveLength(2);
  expect((await gc([])).exitCode).toBe(0);
  expect(await ifbsOn(host)).toEqual(['bwp0123456789ab']);
  expect(await recordsOn(host)).toBe('');
  for (const link of ['bwp0123456789ab', 'vc0', 'vc1', 'vc2']) await host.run(['ip', 'link', 'del', 'dev', link]);

  const status = async (conf: object, env = {}) => {
    const full = { cniVersion: '1.1.0', name: 'net', type: 'bandwidth', ...conf };
    return (await call(host, { verb: 'STATUS', conf: full, env })).error?.code;
  };
  expect(await status({})).toBe(undefined);
  expect(await status({ ingressRate: 8000 })).toBe(50);
  expect(await status({ burstMs: 0 })).toBe(50);
  await withoutProgram(host, 'tc', async () => {
    expect(await status({}, NATIVE)).toBe(undefined);
    expect(await status({}, BY_IP)).toBe(50);
  });
});

test('two interfaces of a container in one network: the second is refused, and its DEL leaves the first alone', async () => {
  const pod = await podWithPair(host, 'vh');
  await host.ip(`link add name vi type veth peer name eth1 netns ${pod.path}`);
  expect((await call(host, callOf('ADD', pod, 'vh'))).error).toBe(undefined);
  const second = { ifName: 'eth1' };
  const refused = await call(host, { ...callOf('ADD', pod, 'vi'), ...second });
  expect(refused.error?.msg).toBe('adding link: file exists');
  expect((await call(host, { ...callOf('DEL', pod, 'vi'), ...second })).error).toBe(undefined);
  expect((await call(host, callOf('CHECK', pod, 'vh'))).error).toBe(undefined);
  expect((await call(host, callOf('DEL', pod, 'vh'))).error).toBe(undefined);
  expect(await ifbsOn(host)).toEqual([]);
  await removePair('vh');
  await removePair('vi');
});

test('the program does what the kernel is told without it; no program is started when there is no need', async () => {
  const sides: (readonly string[])[] = [];
  for (const env of [NATIVE, BY_IP]) {
    const pod = await podWithPair(host, 'vh');
    const added = await call(host, { ...callOf('ADD', pod, 'vh'), env });
    expect(added.error).toBe(undefined);
    sides.push(await shapingOn(host, 'vh'));
    for (const how of [NATIVE, BY_IP]) {
      expect((await call(host, { ...callOf('CHECK', pod, 'vh'), env: how })).error).toBe(undefined);
      const other = { ...callOf('CHECK', pod, 'vh', { ...BOTH, egressRate: 9_000_000 }), env: how };
      expect((await call(host, other)).error?.msg).toBe("Rate doesn't match");
    }
    expect((await call(host, { ...callOf('DEL', pod, 'vh'), env })).error).toBe(undefined);
    await removePair('vh');
  }
  expect(sides[0]).toEqual(sides[1]);
  const pod = await podWithPair(host, 'vh');
  const argv = ['strace', '-f', '-qq', '-e', 'trace=execve', `${BUILT_PLUGINS}/bandwidth`];
  for (const verb of ['ADD', 'CHECK', 'DEL']) {
    const traced = callOf(verb, pod, 'vh');
    const env = pluginEnvironment({ ...traced, path: '/', env: NATIVE });
    const { exitCode, stderr } = await host.run(argv, { stdin: JSON.stringify(traced.conf), env });
    expect([exitCode, stderr.match(/execve/g)?.length]).toEqual([0, 1]);
  }
  await removePair('vh');
});

test.each([NATIVE, BY_IP])('a burst that cannot be told exactly is found as it was made by %o', async (env) => {
  const pod = await podWithPair(host, 'vh');
  for (const [ingressRate, ingressBurst] of [
    [1_234_567, 7_654_321],
    [40_000_000_000, 40_000_000],
    // More time than the kernel's number has: with bits left, with next to none left, at a low rate.
    [10_000_000, 4_294_967_295],
    [15_624_999, 4_294_967_295],
    [62_216, 4_294_967_295],
  ] as const) {
    const conf = { ingressRate, ingressBurst };
    expect((await call(host, { ...callOf('ADD', pod, 'vh', conf), env })).error).toBe(undefined);
    for (const how of [NATIVE, BY_IP]) {
      expect((await call(host, { ...callOf('CHECK', pod, 'vh', conf), env: how })).error).toBe(undefined);
      // A thousandth more, or the bits that a byte has.
      const other = { ingressRate, ingressBurst: Math.ceil(ingressBurst * 1.001) + 8 };
      const { error } = await call(host, { ...callOf('CHECK', pod, 'vh', other), env: how });
      expect(error?.details).toContain("Buffer doesn't match");
    }
    await host.run(['tc', 'qdisc', 'del', 'dev', 'vh', 'root']);
  }
  await removePair('vh');
});

test('bursts and delays that make sense, where they are asked for', async () => {
  const pod = await podWithPair(host, 'vh');
  const shown = async (conf: object) => {
    expect((await call(host, callOf('ADD', pod, 'vh', conf))).error).toBe(undefined);
    expect((await call(host, callOf('CHECK', pod, 'vh', conf))).error).toBe(undefined);
    const { stdout } = await host.run(['tc', '-j', '-r', 'qdisc', 'show', 'dev', 'vh']);
    await host.run(['tc', 'qdisc', 'del', 'dev', 'vh', 'root']);
    const [{ options }] = JSON.parse(stdout) as [{ options: { burst: number; limit: number } }];
    return [options.burst, options.limit];
  };
  const rates = { ingressRate: 80_000_000 };
  expect(await shown({ ...rates, burstMs: 50 })).toEqual([500_000, 750_000]);
  expect(await shown({ ...rates, ingressBurst: 4_294_967_295, burstMs: 50, latencyMs: 10 })).toEqual([
    500_000, 600_000,
  ]);
  expect(await shown({ ...rates, ingressBurst: 800_000, burstMs: 50 })).toEqual([100_000, 350_000]);
  // Two packets fit, however slow it is.
  expect(await shown({ ingressRate: 80_000, burstMs: 1, latencyMs: 100 })).toEqual([3028, 4028]);
  await removePair('vh');
});

test('cni plan touches nothing, and pasted does what ADD does', async () => {
  const ipam = { type: 'static', addresses: [{ address: '10.1.0.5/24', gateway: '10.1.0.1' }] };
  const plugins = [
    { type: 'ptp', ipam },
    { type: 'bandwidth', ...BOTH },
  ];
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins });
  const pod = await host.addPod();
  const planned = await toolOn(host)('plan', 'net', pod.path);
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await ifbsOn(host)).toEqual([]);
  expect((await host.run(['sh', '-e'], { stdin: planned.stdout })).stderr).toBe('');
  const links = JSON.parse(await host.ip('-j link show type veth')) as readonly { ifname: string }[];
  const veth = links[0]?.ifname ?? '';
  const pasted = await shapingOn(host, veth);
  expect(pasted.join('\n')).toContain('"limit":125000');
  await host.ip(`link del dev ${(await ifbsOn(host))[0]}`);
  await host.ip(`link del dev ${veth}`);
});

test.each([
  ['fails', 'error=EIO'],
  ['is its last', 'signal=SIGKILL'],
])('a step that %s: the host is as before', async (_, what) => {
  const pod = await podWithPair(host, 'vh');
  const state = async () => [...(await shapingOn(host, 'vh')), await recordsOn(host)];
  const before = await state();
  const add = { ...callOf('ADD', pod, 'vh'), path: BUILT_PLUGINS };
  const del = { ...add, verb: 'DEL' };
  const putRight = async () => {
    expect((await callPlugin(host, 'bandwidth', del)).exitCode).toBe(0);
    await host.run(['sh', '-c', 'tc qdisc del dev vh root; tc qdisc del dev vh ingress']);
  };
  const all = await momentsOf(host, 'bandwidth', add);
  await putRight();
  const moments = all.filter((moment) => ['sendto', 'write', 'setns'].includes(moment.call));
  // A program does in one go what natively are many sends.
  expect(moments.length).toBeGreaterThan(byDriver({ native: 10, ip: 8 }));
  let failed = 0;
  for (const moment of moments) {
    const outcome = await interfere(host, 'bandwidth', add, moment, what);
    if (outcome.exitCode !== 0) failed += 1;
    // A runtime calls DEL after a crash, and the pair goes. After an error nothing may be left for it.
    if (outcome.exitCode === 0 || outcome.stdout === '') await putRight();
    expect(await state(), `${moment.line}\n${outcome.stdout}${outcome.stderr}`).toEqual(before);
  }
  console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
  expect(failed).toBeGreaterThan(moments.length / 2);
  await removePair('vh');
});
