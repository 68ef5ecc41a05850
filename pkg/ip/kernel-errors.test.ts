import { expect, test } from 'vitest';
import { ip } from './command.ts';
import { readComplaint } from './kernel-errors.ts';

test('the line, the error and a hint', () => {
  const stderr = 'RTNETLINK answers: File exists\nCommand failed -:3\n';
  const complaint = readComplaint(stderr, ip`link add name eth0 type bridge`);
  expect(complaint).toMatchObject({ line: 3, errno: 'EEXIST', reason: 'RTNETLINK answers: File exists' });
  expect(complaint.hint).toContain('ip link show dev eth0');
});

test.each([
  ['RTNETLINK answers: Operation not permitted', 'EPERM'],
  ['RTNETLINK answers: No route to host', 'EHOSTUNREACH'],
  ['RTNETLINK answers: Device or resource busy', 'EBUSY'],
  ['RTNETLINK answers: No buffer space available', 'ENOBUFS'],
  ['ioctl(TUNSETIFF): Device or resource busy', 'EBUSY'],
  ['Error: 8021q: VLAN device already exists.', 'EEXIST'],
  ['RTNETLINK answers: Something new', undefined],
  ['Error: some driver says no.', undefined],
  ['', undefined],
] as const)('%j is %s', (text, errno) => {
  expect(readComplaint(`${text}\nCommand failed -:1\n`).errno).toBe(errno);
});

test('a usage text after the message does not hide it', () => {
  const complaint = readComplaint('vlan: unknown command "link"?\nUsage: ... vlan id VLANID\nCommand failed -:1\n');
  expect(complaint.reason).toBe('vlan: unknown command "link"?');
});

test('nothing at all', () => {
  expect(readComplaint('')).toEqual({ line: undefined, errno: undefined, reason: 'ip gave no reason', hint: '' });
});

test.each([
  [ip`-6 addr add ${'fd00::1'}/64 dev eth0`, 'Permission denied', 'net.ipv6.conf.eth0.disable_ipv6'],
  [ip`link set dev eth0 master br0`, 'Device or resource busy', 'another master'],
  [ip`route add 10.0.0.0/8 via 10.1.1.1`, 'Network is unreachable', 'gateway'],
  [ip`link set dev eth0 up`, 'Operation not permitted', 'CAP_NET_ADMIN'],
  [ip`link add name v type vrf table 5`, 'Operation not supported', 'module'],
])('the hint for %s: %s', (command, text, hint) => {
  expect(readComplaint(`RTNETLINK answers: ${text}\n`, command).hint).toContain(hint);
});
