import { expect, test } from 'vitest';
import { interfere, momentsOf } from '../bridge/moments.ts';
import { OURS, referenceSuite } from '../bridge/suites.ts';
import { leasesOn } from '../bridge/support.ts';
import { configure, MAY_STAY, toolOn } from '../cli/support.ts';
import type { Pod } from '../harness/host.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { linkState } from '../link-state.ts';
import { attachmentOf, call, confOf, linksOf, V4 } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: MAY_STAY });

test.each([
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const)('what one suite made the other checks and removes', async (adds, removes) => {
  for (const more of [{}, { ipam: {} }, { owner: 1, group: 2 }, { multiQueue: true, mtu: 1400 }]) {
    const pod = await host.addPod();
    const conf = confOf({ ipam: V4, ...more });
    const added = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf }, adds);
    expect(added.error).toBe(undefined);
    const known = { ...conf, prevResult: added.result };
    expect((await call(host, { verb: 'CHECK', ...attachmentOf(pod), conf: known }, removes)).error).toBe(undefined);
    expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: known }, removes)).error).toBe(undefined);
    expect(await linksOf(pod)).toEqual([]);
    expect(await leasesOn(host)).toEqual([]);
    // What the other one knows nothing of: the record.
    await call(host, { verb: 'DEL', ...attachmentOf(pod), netns: '', conf });
    await pod.remove();
  }
});

const SCENARIOS: readonly (readonly [
  title: string,
  before: (pod: Pod) => Promise<unknown>,
  change: Partial<PluginCall>,
])[] = [
  ['all is as it was', async () => {}, {}],
  ['the namespace is gone', (pod) => pod.remove(), {}],
  ['the namespace is not named', (pod) => pod.remove(), { netns: '' }],
  ['the record is lost', () => host.run(['rm', '-rf', '/run/cni-ts']), {}],
  ['the device was deleted', (pod) => pod.ip('link del dev eth0'), {}],
  ['CNI_ARGS that nobody knows', async () => {}, { args: 'FOO=BAR' }],
  ['there is no IPAM any more', async () => {}, { conf: confOf({ ipam: {}, mac: 'zz' }) }],
];

test.each(SCENARIOS)('DEL without a result, twice, leaves nothing: %s', async (_, before, change) => {
  const pod = await host.addPod();
  const full: PluginCall = { verb: 'ADD', ...attachmentOf(pod), conf: confOf() };
  expect((await call(host, full)).error).toBe(undefined);
  expect((await leasesOn(host)).length).toBe(2);
  await before(pod);
  for (let times = 1; times <= 2; times++) {
    expect((await call(host, { ...full, ...change, verb: 'DEL' })).error).toBe(undefined);
    expect(await leasesOn(host)).toEqual([]);
    if (host.pods.includes(pod)) expect(await linksOf(pod)).toEqual([]);
  }
});

test('the interface is there already: it stays, and DEL leaves it to whose it is', async () => {
  const pod = await host.addPod();
  const owner = { ...attachmentOf(pod), conf: confOf() };
  const added = await call(host, { verb: 'ADD', ...owner });
  const late = { ...attachmentOf(pod), conf: confOf({ name: 'other' }) };
  const refused = await call(host, { verb: 'ADD', ...late });
  expect(refused.error?.msg).toBe('failed to create tap: "eth0" already exists');
  expect(await leasesOn(host, 'other')).toEqual([]);
  const left = await call(host, { verb: 'DEL', ...late });
  expect(left).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('network net has it') });
  const known = { ...confOf(), prevResult: added.result };
  expect((await call(host, { verb: 'CHECK', ...owner, conf: known })).error).toBe(undefined);
  expect((await call(host, { verb: 'DEL', ...owner })).error).toBe(undefined);

  await pod.ip('link add name eth0 type bridge');
  expect((await call(host, { verb: 'DEL', ...owner })).stderr).toContain('it is a bridge');
  expect(await linksOf(pod)).toEqual(['eth0']);
});

test('CHECK names what is not as ADD left it', async () => {
  const pod = await host.addPod();
  await pod.ip('link add name br0 type bridge');
  const conf = confOf({ bridge: 'br0' });
  const added = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf });
  const check = async (prevResult: unknown = added.result) => {
    const { error } = await call(host, { verb: 'CHECK', ...attachmentOf(pod), conf: { ...conf, prevResult } });
    return error === undefined ? '' : `${error.msg}; ${error.details ?? ''}`;
  };
  expect(await check()).toBe('');
  expect(await check(null)).toContain('Required prevResult missing');
  const elsewhere = JSON.stringify(added.result).replaceAll(pod.path, '/run/netns/other');
  expect(await check(JSON.parse(elsewhere))).toContain("Sandbox in prevResult /run/netns/other doesn't match");
  await pod.ip('link set dev eth0 nomaster address 02:00:00:00:00:88');
  await pod.ip('addr flush dev eth0');
  expect(await check()).toMatch(
    /doesn't match container Mac: 02:00:00:00:00:88.*no port of bridge br0.*10\.1\.0\.\d+\/24/,
  );
  await pod.ip('link set dev eth0 down');
  expect(await check()).toContain('interface eth0 is down');
  await pod.ip('link del dev eth0');
  expect(await check()).toContain('Cannot find container link eth0');
  expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf })).error).toBe(undefined);
});

test('GC removes what no valid attachment has; STATUS says what makes every ADD fail', async () => {
  const pods = [await host.addPod(), await host.addPod(), await host.addPod()] as const;
  for (const [index, pod] of pods.entries()) {
    expect((await call(host, { verb: 'ADD', ...attachmentOf(pod, `c${index}`), conf: confOf() })).error).toBe(
      undefined,
    );
  }
  await pods[0].remove();
  const gc = (valid: readonly string[] | undefined, name = 'net') => {
    const attachments = valid?.map((containerID) => ({ containerID, ifname: 'eth0' }));
    const list = { 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments };
    return call(host, { verb: 'GC', conf: { ...confOf({ name }, '1.1.0'), ...list } });
  };
  expect((await gc(undefined)).exitCode).toBe(0);
  expect((await gc([], 'other')).exitCode).toBe(0);
  expect((await leasesOn(host)).length).toBe(6);
  expect((await gc(['c2'])).stderr).toContain('removed what was left of c1 (eth0)');
  expect([await linksOf(pods[1]), await linksOf(pods[2])]).toEqual([[], ['eth0']]);
  expect((await leasesOn(host)).length).toBe(2);
  expect((await gc([])).exitCode).toBe(0);
  expect(await linksOf(pods[2])).toEqual([]);
  expect(await leasesOn(host)).toEqual([]);

  const status = async (conf: object) =>
    (await call(host, { verb: 'STATUS', conf: confOf(conf, '1.1.0') })).error?.code;
  expect(await status({})).toBe(undefined);
  expect(await status({ mac: 'zz' })).toBe(50);
  expect(await status({ owner: -1 })).toBe(50);
  expect(await status({ ipam: { type: 'host-local' } })).toBe(50);
});

test('cni plan touches nothing, and pasted does what ADD does', async () => {
  const [pod, other] = [await host.addPod(), await host.addPod()];
  const ipam = { type: 'static', addresses: [{ address: '10.1.0.5/24', gateway: '10.1.0.1' }] };
  const conf = confOf({ ipam, mac: '02:00:5e:10:00:01', mtu: 1400, owner: 1, group: 2, multiQueue: true });
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [conf] });
  const before = await linkState(pod);
  const planned = await toolOn(host)('plan', 'net', pod.path);
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await linkState(pod)).toEqual(before);
  expect((await host.run(['sh', '-e'], { stdin: planned.stdout })).stderr).toBe('');
  expect((await call(host, { verb: 'ADD', ...attachmentOf(other), conf })).error).toBe(undefined);
  expect(await linkState(pod, 'eth0')).toEqual(await linkState(other, 'eth0'));
  expect((await call(host, { verb: 'DEL', ...attachmentOf(other), conf })).error).toBe(undefined);
});

test.each([
  ['fails', 'error=EIO'],
  ['is its last', 'signal=SIGKILL'],
])('a step that %s: the container and the leases are as before', async (_, what) => {
  const conf = confOf({ bridge: 'br0', mtu: 1400 });
  const callOf = (verb: string, pod: Pod): PluginCall => ({ verb, ...attachmentOf(pod), conf, path: BUILT_PLUGINS });
  const newPod = async () => {
    const pod = await host.addPod();
    await pod.ip('link add name br0 address 02:00:5e:10:00:09 type bridge');
    return pod;
  };
  const state = async (pod: Pod) => {
    const { stdout: records } = await host.run(['find', '/run/cni-ts', '-type', 'f']);
    return [...(await linkState(pod)), ...(await leasesOn(host)), records];
  };
  const sample = await newPod();
  const all = await momentsOf(host, 'tap', callOf('ADD', sample));
  await callPlugin(host, 'tap', callOf('DEL', sample));
  const moments = all.filter((moment) => ['sendto', 'write', 'rename'].includes(moment.call));
  expect(moments.length).toBeGreaterThan(10);
  let failed = 0;
  for (const moment of moments) {
    const pod = await newPod();
    const before = await state(pod);
    const outcome = await interfere(host, 'tap', callOf('ADD', pod), moment, what);
    if (outcome.exitCode !== 0) failed += 1;
    // A runtime calls DEL after a crash. After an error nothing may be left for it.
    if (outcome.exitCode === 0 || outcome.stdout === '') {
      expect((await callPlugin(host, 'tap', callOf('DEL', pod))).exitCode, moment.line).toBe(0);
    }
    expect(await state(pod), `${moment.line}\n${outcome.stdout}${outcome.stderr}`).toEqual(before);
    await pod.remove();
  }
  console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
  expect(failed).toBeGreaterThan(moments.length / 2);
});

test('an address that the kernel does not take: the device goes, the lease is released', async () => {
  const pod = await host.addPod();
  const before = await linkState(pod);
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '10.9.0.0/16', gw: '1.1.1.1' }] };
  const { error } = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf({ ipam }) });
  expect(error?.msg).toContain("failed to add route '10.9.0.0/16 via 1.1.1.1 dev eth0");
  expect(await linkState(pod)).toEqual(before);
  expect(await leasesOn(host)).toEqual([]);
});
