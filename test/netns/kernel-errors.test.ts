import { afterAll, beforeAll, expect, test } from 'vitest';
import { readComplaint } from '../../pkg/ip/kernel-errors.ts';
import { makeNamespace, type TestNamespace } from './namespaces.ts';

let namespace: TestNamespace;

beforeAll(() => {
  namespace = makeNamespace();
  for (const name of ['a', 'b', 'off']) namespace.ip(`link add name ${name} type bridge`);
  namespace.ip('link set dev a up');
  namespace.ip('addr add 10.1.0.1/24 dev a');
  namespace.ip('-6 addr add fd01::1/64 dev a nodad');
  namespace.ip('rule add from 10.1.0.0/24 table 100 pref 100');
});

afterAll(() => namespace.remove());

test.each([
  ['link add name a type bridge', 'EEXIST'],
  ['link add name v type veth peer name a', 'EEXIST'],
  ['link add name v type nosuchkind', 'EOPNOTSUPP'],
  ['link set dev nope up', 'ENODEV'],
  ['link show dev nope', 'ENODEV'],
  ['link del dev nope', 'ENODEV'],
  ['link set dev a mtu 10', 'EINVAL'],
  ['link set dev a master b', 'ELOOP'],
  ['link set dev lo netns 1', 'EINVAL'],
  ['link set dev a name b', 'EEXIST'],
  ['link set dev a address zz', 'EINVAL'],
  ['link set dev a mtu abc', 'EINVAL'],
  ['link set dev a netns /run/netns/nope', 'ENOENT'],
  ['addr add 10.1.0.1/24 dev a', 'EEXIST'],
  ['addr add fd01::1/64 dev a', 'EEXIST'],
  ['addr add 10.1.0.1/24 dev nope', 'ENODEV'],
  ['addr add 10.1.0.1/33 dev a', 'EINVAL'],
  ['addr del 10.1.0.9/24 dev a', 'EADDRNOTAVAIL'],
  ['addr del fd01::9/64 dev a', 'EADDRNOTAVAIL'],
  ['route add 10.1.0.0/24 dev a proto kernel scope link src 10.1.0.1', 'EEXIST'],
  ['route add 10.7.0.0/16 via 192.0.2.1', 'ENETUNREACH'],
  ['route add fd07::/64 via fd99::1', 'EHOSTUNREACH'],
  ['route add 10.7.0.0/16 dev off', 'ENETDOWN'],
  ['route add 10.7.0.0/16 dev nope', 'ENODEV'],
  ['route del 10.7.0.0/16', 'ESRCH'],
  ['route get 203.0.113.9', 'ENETUNREACH'],
  ['rule add from 10.1.0.0/24 table 100 pref 100', 'EEXIST'],
  ['rule del pref 4711', 'ENOENT'],
  ['tuntap add name a mode tap', 'EBUSY'],
  ['neigh add 10.1.0.2 lladdr 02:00:00:00:00:01 dev nope', 'ENODEV'],
] as const)('%s: %s', (line, errno) => {
  const complaint = readComplaint(namespace.complaints('link show dev lo', line));
  expect(complaint.errno, complaint.reason).toBe(errno);
  if (complaint.line !== undefined) expect(complaint.line).toBe(2);
});

test('an address of a family that is switched off', async () => {
  const { execFileSync } = await import('node:child_process');
  execFileSync('ip', ['netns', 'exec', namespace.name, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/b/disable_ipv6']);
  const complaint = readComplaint(namespace.complaints('addr add fd05::1/64 dev b'));
  expect(complaint).toMatchObject({ line: 1, errno: 'EACCES' });
  expect(complaint.hint).toContain('disable_ipv6');
});
