import { afterAll, expect, test } from 'vitest';
import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { linkState } from '../link-state.ts';
import { attachmentOf, call, confOf, V4 } from './support.ts';

const REFERENCE = await referenceSuite();
const [ours, theirs] = await Promise.all([createHost('ours'), createHost('theirs')]);

afterAll(() => Promise.all([ours.dispose(), theirs.dispose()]));

/** One configuration that both suites are given. */
interface Case {
  readonly title: string;
  readonly conf: object;
  readonly cniVersion?: string;
  readonly args?: string;
  readonly prepare?: (pod: Pod) => Promise<unknown>;
  /** What the reference leaves out when it is given owner and group. */
  readonly ignoredByReference?: { readonly mtu?: number; readonly address?: string };
}

const MAC = '02:00:5e:10:00:01';
const OTHER = '02:00:5e:10:00:02';
const BOTH = { owner: 1234, group: 4321 };
const FIXED = {
  type: 'static',
  addresses: [{ address: '10.2.0.5/30', gateway: '10.2.0.6' }, { address: 'fd00:2::5/120' }],
  routes: [{ dst: '10.8.0.0/16', priority: 50 }],
  dns: { nameservers: ['10.2.0.6'] },
};
const withBridge = async (pod: Pod) => {
  await pod.ip('link add name br0 address 02:00:5e:10:00:09 type bridge');
  await pod.ip('link set dev br0 up');
};

const CASES: readonly Case[] = [
  { title: 'an address', conf: {} },
  { title: 'without addresses', conf: { ipam: {} } },
  { title: 'without addresses, with resolver settings', conf: { ipam: undefined, dns: { nameservers: ['10.0.0.1'] } } },
  { title: 'resolver settings', conf: { ipam: V4, dns: { nameservers: ['10.0.0.1'], search: ['a.b'] } } },
  { title: 'fixed addresses of both families', conf: { ipam: FIXED } },
  ...['0.1.0', '0.3.1', '0.4.0', '1.1.0'].map((cniVersion) => ({
    title: `version ${cniVersion}`,
    conf: { ipam: V4 },
    cniVersion,
  })),
  { title: 'several queues', conf: { multiQueue: true } },
  { title: 'MTU', conf: { mtu: 1400 } },
  { title: 'MAC', conf: { mac: MAC.toUpperCase() } },
  { title: 'MAC of CNI_ARGS', conf: { mac: OTHER, ipam: {} }, args: `MAC=${MAC}` },
  { title: 'MAC of the runtime', conf: { mac: OTHER, ipam: {}, runtimeConfig: { mac: MAC } }, args: `MAC=${OTHER}` },
  { title: 'MTU, MAC and several queues', conf: { mtu: 1400, mac: MAC, multiQueue: true } },
  { title: 'owner', conf: { owner: 1234, mtu: 1400 } },
  { title: 'group', conf: { group: 4321, mac: MAC } },
  { title: 'owner and group', conf: BOTH },
  { title: 'owner and group 0', conf: { owner: 0, group: 0 } },
  { title: 'owner, group and several queues', conf: { ...BOTH, multiQueue: true } },
  {
    title: 'owner, group, MTU and MAC',
    conf: { ...BOTH, mtu: 1400, mac: MAC },
    ignoredByReference: { mtu: 1400, address: MAC },
  },
  { title: 'a bridge in the container', conf: { bridge: 'br0', ipam: {} }, prepare: withBridge },
  { title: 'a bridge, owner and group', conf: { bridge: 'br0', ...BOTH }, prepare: withBridge },
  // What cannot be.
  { title: 'a bridge that there is not', conf: { bridge: 'br0' } },
  { title: 'a MAC that is none', conf: { mac: 'zz', ...BOTH } },
  { title: 'CNI_ARGS that nobody knows', conf: {}, args: 'FOO=BAR' },
  { title: 'a context where there is no SELinux', conf: { selinuxContext: 'system_u:system_r:container_t:s0' } },
];

/** A MAC that was made up is as good as any other. */
function withoutChance(text: string, pod: Pod): string {
  const kept = [MAC, OTHER, '02:00:5e:10:00:09', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'];
  return text
    .replaceAll(pod.path, '<pod>')
    .replace('fsmount:fscontext:proc/', '/proc/')
    .replace(/(?:[\da-f]{2}:){5}[\da-f]{2}/g, (mac) => (kept.includes(mac) ? mac : '<mac>'));
}

async function observe(suite: Suite, host: Host, one: Case) {
  const pod = await host.addPod();
  const state = async () => (await linkState(pod, 'eth0')).map((line) => withoutChance(line, pod));
  try {
    await one.prepare?.(pod);
    const before = await state();
    const conf = confOf({ ipam: V4, ...one.conf }, one.cniVersion);
    const base = { ...attachmentOf(pod), args: one.args ?? '' };
    const add = await call(host, { verb: 'ADD', ...base, conf }, suite);
    const answer: unknown = JSON.parse(withoutChance(JSON.stringify(add.result ?? { msg: add.error?.msg }), pod));
    if (add.exitCode !== 0) return { answer, before, afterAdd: [], afterDel: suite === OURS ? await state() : before };
    const afterAdd = await state();
    const del = await call(host, { verb: 'DEL', ...base, conf: { ...conf, prevResult: add.result } }, suite);
    expect(del.exitCode, JSON.stringify(del.error)).toBe(0);
    return { answer, before, afterAdd, afterDel: await state() };
  } finally {
    await pod.remove();
    await host.run(['rm', '-rf', '/var/lib/cni/networks', '/run/cni-ts']);
  }
}

/** With what the reference has left out put in by hand. */
function completed(lines: readonly string[], { mtu, address }: NonNullable<Case['ignoredByReference']>) {
  return lines.map((line) => {
    if (!line.startsWith('link {"ifname":"eth0"')) return line;
    return line.replace('"mtu":1500', `"mtu":${mtu}`).replace('"address":"<mac>"', `"address":"${address}"`);
  });
}

test.each(CASES)('both suites do the same: $title', async (one) => {
  const [mine, reference] = await Promise.all([observe(OURS, ours, one), observe(REFERENCE, theirs, one)]);
  const { ignoredByReference: ignored } = one;
  if (ignored === undefined) {
    expect(mine.answer).toEqual(reference.answer);
    expect(mine.afterAdd).toEqual(reference.afterAdd);
  } else {
    expect(JSON.stringify(mine.answer)).toBe(JSON.stringify(reference.answer).replace('<mac>', ignored.address ?? ''));
    expect(mine.afterAdd).not.toEqual(reference.afterAdd);
    expect(mine.afterAdd).toEqual(completed(reference.afterAdd, ignored));
  }
  expect(mine.afterDel).toEqual(mine.before);
});
