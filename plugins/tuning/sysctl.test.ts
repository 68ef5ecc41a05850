import { describe, expect, test } from 'vitest';
import { sameValue, sysctlOf } from './sysctl.ts';

describe('keys', () => {
  test.each<[string, string, string]>([
    ['net.ipv4.conf.IFNAME.arp_notify', 'eth0', '/proc/sys/net/ipv4/conf/eth0/arp_notify'],
    ['net/ipv4/conf/IFNAME/arp_notify', 'eth0.100', '/proc/sys/net/ipv4/conf/eth0.100/arp_notify'],
    ['net.ipv4.conf.IFNAME.IFNAME', 'eth0', '/proc/sys/net/ipv4/conf/eth0/IFNAME'],
    ['net.core.somaxconn', '$&', '/proc/sys/net/core/somaxconn'],
    ['net.ipv4.conf.IFNAME.x', '$&', '/proc/sys/net/ipv4/conf/$&/x'],
    ['/net/core/somaxconn', 'eth0', '/proc/sys/net/core/somaxconn'],
    ['net//core/somaxconn', 'eth0', '/proc/sys/net/core/somaxconn'],
  ])('%s of %s', (key, ifName, path) => {
    expect(sysctlOf(key, '1', ifName).path).toBe(path);
  });

  const outside: readonly string[] = [
    '',
    '.',
    '..',
    '/',
    'net',
    'net.',
    'net/',
    'net/.',
    'net/..',
    'Net.core.somaxconn',
    'kernel.hostname',
    'kernel/hostname',
    '/kernel/hostname',
    'vm.overcommit_memory',
    'fs.file-max',
    'user.max_net_namespaces',
    'netx.core.somaxconn',
    'xnet.core',
    '.net.core/../../kernel/hostname',
    'net/../kernel/hostname',
    '../kernel/hostname',
    '../../etc/passwd',
    '/etc/passwd',
    'IFNAME/../kernel/hostname',
    'proc/sys/net/core/somaxconn',
    '/proc/sys/net/core/somaxconn',
    'net\0/core/somaxconn',
    'net/core/somaxconn\n',
    'net/core\r/somaxconn',
    'net/core/\u007fsomaxconn',
    '\u2044net\u2044core',
    'net\\core\\somaxconn',
  ];
  test.each(outside)('%j leads nowhere outside the network settings', (key) => {
    const path = attempt(key, 'eth0');
    // What is not refused is an ordinary file below, whose parts are what they say.
    if (path === undefined) return;
    expect(path).toMatch(/^\/proc\/sys\/net\/[^/]/);
    expect(path.split('/')).not.toContain('..');
  });

  test.each(['..', '.', '../../../etc', 'a/../..'])('an interface called %s brings nothing back', (ifName) => {
    const path = attempt('net.IFNAME.x', ifName);
    expect(path).toBeUndefined();
  });

  test('the error names the key and what is expected', () => {
    expect(() => sysctlOf('kernel.hostname', 'x', 'eth0')).toThrowError('invalid net sysctl key: "kernel/hostname"');
  });
});

test.each(['1\n2', '1\0', 'a\u001bb', '1\r2'])('a value such as %j is refused', (value) => {
  expect(() => sysctlOf('net.core.somaxconn', value, 'eth0')).toThrowError('invalid value of sysctl');
});

test.each<[string, string, boolean]>([
  ['1024 65000', '1024\t65000', true],
  [' 1 ', '1\n', true],
  ['1', '01', false],
  ['1 2', '12', false],
])('%j and %j', (a, b, same) => {
  expect(sameValue(a, b)).toBe(same);
});

function attempt(key: string, ifName: string): string | undefined {
  try {
    return sysctlOf(key, '1', ifName).path;
  } catch {
    return undefined;
  }
}
