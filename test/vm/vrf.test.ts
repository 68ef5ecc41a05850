import { afterAll, expect, test } from 'vitest';
import { interfere, momentsOf } from '../netns/bridge/moments.ts';
import { createHost, type Pod } from '../netns/harness/host.ts';
import { callPlugin, type PluginCall } from '../netns/harness/plugin.ts';
import { linkState } from '../netns/link-state.ts';
import { type Case, expectSameOfAll } from './links/batch.ts';

/** Two interfaces, with addresses and routes of all kinds. */
const SETUP: readonly string[] = [
  'link add name eth0 address 02:00:00:00:00:01 type veth peer name p0 address 02:00:00:00:00:03',
  'link add name eth1 address 02:00:00:00:00:02 type veth peer name p1 address 02:00:00:00:00:04',
  ...['p0', 'p1', 'eth0', 'eth1'].map((name) => `link set dev ${name} addrgenmode none up`),
  'addr add 10.0.0.5/24 dev eth0',
  'addr add fd00::5/64 dev eth0 nodad',
  'addr add 10.1.0.5/24 dev eth1',
  'route add default via 10.0.0.1 dev eth0',
  'route add 10.9.0.0/16 via 10.0.0.1 dev eth0 metric 7 mtu 1400',
  'route add fd09::/64 via fd00::1 dev eth0',
  'route add 10.6.0.0/16 via 10.1.0.1 dev eth1',
];
/** So many lines only make the interfaces. */
const LINKS = 6;
const RED = ['link add name red type vrf table 7', 'link set dev red up'];

const prevResult = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '<pod>' }],
  ips: [{ address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 0 }],
};
const RED_CONF = { vrfname: 'red', prevResult };

/** One with the interfaces and what `more` makes; CHECK has to succeed. */
function good(title: string, conf: object = {}, more: readonly string[] = [], change: Partial<Case> = {}): Case {
  return { title, conf: { ...RED_CONF, ...conf }, inPod: [...SETUP, ...more], isChecked: true, ...change };
}

/** The oldest version that it takes has no CHECK. */
const OLDEST: Case = {
  title: 'version 0.3.1',
  conf: { ...RED_CONF, prevResult: { cniVersion: '0.3.1', ips: [] } },
  cniVersion: '0.3.1',
  inPod: SETUP,
};

const GOOD: readonly Case[] = [
  good('a new VRF'),
  good(
    'tables that other VRFs have',
    {},
    [1, 2, 4].map((table) => `link add name v${table} type vrf table ${table}`),
  ),
  good('the table of another VRF', { table: 9 }, ['link add name blue type vrf table 9']),
  good('a VRF that is there with the same table', { table: 7 }, RED, { goes: 'red' }),
  good('a VRF with another interface', {}, [...RED, 'link set dev eth1 master red']),
  good('several IPv6 addresses, and a table', { table: 500 }, [
    'addr add fd01::5/48 dev eth0 nodad',
    'addr add fd02::5/128 dev eth0 nodad',
    'addr add fd03::5/64 dev eth0 nodad noprefixroute valid_lft 5000 preferred_lft 4000',
    'route add default via fd01::1 dev eth0 metric 50',
    'route add fd08::/64 dev eth0 metric 5',
  ]),
  good('version 1.1.0, no addresses', { prevResult: { cniVersion: '1.1.0', ips: [] } }, [], {
    cniVersion: '1.1.0',
    inPod: SETUP.slice(0, LINKS),
  }),
  OLDEST,
];

const REFUSED: readonly Case[] = [
  good('another table', { table: 8 }, RED),
  good('a link that is no VRF', { vrfname: 'eth1' }),
  good('no name', { vrfname: '' }),
  good('no result before', { prevResult: undefined }),
  good('no such interface', {}, [], { inPod: [] }),
  good('a master already', {}, [...RED, 'link set dev eth0 master red']),
];

test('both suites do the same, and each checks and removes what the other made', async () => {
  const refused = await expectSameOfAll('vrf', [...GOOD, ...REFUSED], { isChained: true });
  expect(refused).toEqual(REFUSED.map(({ title }) => title));
});

const host = await createHost('vrf');
afterAll(() => host.dispose());

async function podWithLinks(more: readonly string[] = []): Promise<Pod> {
  const pod = await host.addPod();
  const { exitCode, stderr } = await pod.run(['ip', '-batch', '-'], { stdin: `${[...SETUP, ...more].join('\n')}\n` });
  if (exitCode !== 0) throw new Error(stderr);
  return pod;
}

function callOf(verb: string, pod: Pod, change: Partial<PluginCall> = {}): PluginCall {
  const conf = { cniVersion: '1.0.0', name: 'net', type: 'vrf', ...RED_CONF };
  return { verb, containerId: 'c1', netns: pod.path, ifName: 'eth0', conf, ...change };
}

/** What a call complains of. */
async function complaint(verb: string, pod: Pod, change: Partial<PluginCall> = {}): Promise<string | undefined> {
  return (await callPlugin(host, 'vrf', callOf(verb, pod, change))).error?.msg;
}

test('two interfaces share a VRF, which goes with the last; DEL wherever something is gone', async () => {
  const pod = await podWithLinks(['route add 10.8.0.0/16 dev eth0']);
  const second = { ifName: 'eth1' };
  // Of two that come at once the one waits for the other.
  const both = await Promise.all([complaint('ADD', pod), complaint('ADD', pod, second)]);
  expect(both).toEqual([undefined, undefined]);
  expect(await complaint('CHECK', pod)).toBe(undefined);
  // A route to a network that the interface is in comes along as well.
  expect(await pod.ip('route show table 1')).toContain('10.8.0.0/16 dev eth0');
  expect(await complaint('DEL', pod)).toBe(undefined);
  await pod.ip('link set dev red down');
  expect(await complaint('CHECK', pod, second)).toBe('VRF red is down');
  expect(await complaint('ADD', pod)).toBe(undefined);
  expect(await complaint('CHECK', pod, second)).toBe(undefined);
  expect(await complaint('DEL', pod)).toBe(undefined);
  expect(await complaint('CHECK', pod)).toBe('failed to find eth0 associated to vrf red');
  await pod.ip('link del dev eth1');
  for (const gone of [second, {}, { netns: '/run/netns/gone' }, { netns: '' }]) {
    expect(await complaint('DEL', pod, gone)).toBe(undefined);
  }
  expect(await complaint('CHECK', pod)).toBe('Link not found');
  expect(await pod.ip('link show type vrf')).toBe('');
  await pod.remove();
});

test('a step that fails or where it is killed: the interface is as before, or DEL takes it out', async () => {
  let pod = await podWithLinks();
  const before = await linkState(pod);
  const moments = (await momentsOf(host, 'vrf', callOf('ADD', pod))).filter(({ call }) => call === 'sendto');
  // The VRF and up, the master, an address and three routes, of which one will do: what comes before only looks.
  const changes = [...moments.slice(-7, -3), ...moments.slice(-1)];
  expect(changes).toHaveLength(5);
  expect(await complaint('DEL', pod)).toBe(undefined);
  await pod.remove();
  pod = await podWithLinks();
  for (const [index, moment] of changes.entries()) {
    const what = index % 2 === 1 ? 'signal=SIGKILL' : 'error=EIO';
    const { exitCode, stdout } = await interfere(host, 'vrf', callOf('ADD', pod), moment, what);
    expect(exitCode, moment.line).not.toBe(0);
    if (stdout !== '') {
      expect(await linkState(pod), `${moment.line}\n${stdout}`).toEqual(before);
      continue;
    }
    // A runtime calls DEL after a crash, and the interface goes.
    expect(await complaint('DEL', pod)).toBe(undefined);
    expect(await pod.ip('link show type vrf')).toBe('');
    await pod.remove();
    pod = await podWithLinks();
  }
  await pod.remove();
});
