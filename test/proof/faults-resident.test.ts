import { afterAll, describe, expect, test } from 'vitest';
import { STEADY_IPV6 } from './faults-chains.ts';
import { createResidentHost } from './faults-resident.ts';

const host = await createResidentHost('resident');
afterAll(() => host.dispose());
await host.run(['sh', '-c', STEADY_IPV6]);
const pod = await host.addPod();
await host.wearIn();
await host.ip('link set dev lo up');
await pod.wearIn();
await pod.ip('link set dev lo up');
const PREPARED = `ip link add port0 type veth peer name port1
nft add table inet t; nft add chain inet t c; nft 'add set inet t s { type ipv4_addr ; }'
iptables -t nat -N WORN`;
await host.run(['sh', '-ec', PREPARED]);

/** What could be left, and how it is taken away again. */
const CHANGES = [
  ['a link', 'ip link add d0 type veth peer name d1', 'ip link del d0'],
  ["a link's MTU", 'ip link set dev port0 mtu 1400', 'ip link set dev port0 mtu 1500'],
  ["a link's alias", 'ip link set dev port0 alias x', 'ip link set dev port0 alias ""'],
  ['a link that is up', 'ip link set dev port0 up', 'ip link set dev port0 down'],
  ['an address', 'ip addr add 10.7.0.1/24 dev lo', 'ip addr del 10.7.0.1/24 dev lo'],
  ['an address of IPv6', 'ip addr add fd07::1/128 dev lo', 'ip addr del fd07::1/128 dev lo'],
  ['a route', 'ip route add 10.8.0.0/24 dev lo table 9', 'ip route del 10.8.0.0/24 dev lo table 9'],
  ['a route of IPv6', 'ip -6 route add fd08::/64 dev lo', 'ip -6 route del fd08::/64 dev lo'],
  ['a rule', 'ip rule add from 10.9.0.1 table 7', 'ip rule del from 10.9.0.1 table 7'],
  ['a queue', 'tc qdisc add dev lo root tbf rate 1mbit burst 10k latency 50ms', 'tc qdisc del dev lo root'],
  ['a table', 'nft add table inet x', 'nft delete table inet x'],
  ['a chain', 'nft add chain inet t x', 'nft delete chain inet t x'],
  ['a rule of nft', 'nft add rule inet t c ip saddr 10.0.0.1 counter drop', 'nft flush chain inet t c'],
  ['an element', 'nft "add element inet t s { 10.0.0.1 }"', 'nft flush set inet t s'],
  ['a rule of iptables', 'iptables -t nat -A WORN -s 10.6.0.1 -j RETURN', 'iptables -t nat -F WORN'],
  ['a file', 'echo x >/run/x', 'rm /run/x'],
] as const;

describe.each([
  ['host', host],
  ['pod', pod],
] as const)('on the %s', (name, place) => {
  const needsMore = /port0|inet t|WORN/;
  const here = CHANGES.filter(([, make]) => place === host || !needsMore.test(make));
  test.each(here)(`%s is seen (${name})`, async (_, make, undo) => {
    const run = async (line: string) => expect(await place.run(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
    // What a first time leaves is there by then: the length of a queue, a table's built-in chains.
    await run(make);
    await run(undo);
    const before = await host.fingerprint();
    await run(make);
    expect(await host.fingerprint()).not.toBe(before);
    await run(undo);
    expect(await host.fingerprint()).toBe(before);
  });
});

test('a process is seen', async () => {
  const before = await host.fingerprint();
  const sleeping = pod.start(['sleep', '100']);
  await expect.poll(() => host.fingerprint()).not.toBe(before);
  await sleeping.stop();
  expect(await host.fingerprint()).toBe(before);
});

test('traffic is not', async () => {
  await host.run(['nft', 'add rule inet t c counter accept']);
  const before = await host.fingerprint();
  await host.run(['ping', '-c1', '127.0.0.1']);
  expect(await host.fingerprint()).toBe(before);
});

test('the call that is meant fails, and no other', async () => {
  const argv = ['perl', '-e', 'for (1 .. 3) { print rmdir("/run/none") ? "" : 0 + $!, " " }'];
  expect(await host.runWithFault(argv, {}, { call: 'rmdir', ordinal: 2, errno: 'EROFS' })).toMatchObject({
    exitCode: 0,
    hits: 1,
    stdout: '2 30 2 ',
  });
});

test('a request that is refused does not get to the kernel', async () => {
  const argv = ['ip', 'link', 'set', 'dev', 'port0', 'mtu', '1300'];
  const trial = { call: 'sendmsg', errno: 'EBUSY', refusedBytes: 40 };
  const before = await host.fingerprint();
  const { hits } = await host.runWithFault(argv, { timeoutMs: 300 }, { ...trial, ordinal: 2 });
  expect(hits).toBeGreaterThan(0);
  expect(await host.fingerprint()).toBe(before);
  expect(await host.runWithFault(argv, {}, { ...trial, ordinal: 99 })).toMatchObject({ exitCode: 0, hits: 0 });
  expect(await host.fingerprint()).not.toBe(before);
});

test('who takes too long is ended', async () => {
  const { exitCode, stderr, ms } = await host.run(['sleep', '100'], { timeoutMs: 200 });
  expect({ exitCode, stderr }).toEqual({ exitCode: undefined, stderr: 'killed after 0.2 s\n' });
  expect(ms).toBeLessThan(5000);
});
