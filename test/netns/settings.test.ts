import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';
import type { Made, Wanted } from './settings-driver.ts';

const host = await useHost();

const FORWARDING: readonly Wanted[] = [
  { forwarding: 'net/ipv4/ip_forward' },
  { forwarding: 'net/ipv6/conf/all/forwarding' },
];
const OTHERS: readonly Wanted[] = [
  { fresh: 'net/ipv6/conf/lo/accept_ra', value: '0' },
  { fresh: 'net/ipv4/conf/lo/arp_notify', value: '1' },
  { fresh: 'net/ipv4/conf/nope/arp_notify', value: '1' },
];
const READ_ONLY = 'mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys; rm -rf /run/mount';

/** Makes settings on the host, after a line of the shell. */
async function make(wanted: readonly Wanted[], first: string): Promise<readonly Made[]> {
  const program = await driver('test/netns/settings-driver.ts');
  const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${first}; exec ${program}`];
  const { stdout, stderr } = await host.run(argv, { stdin: JSON.stringify(wanted) });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as readonly Made[];
}

test('packets are let through, also by whoever has to say so again', async () => {
  const off = 'sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0';
  const on = { before: '0', after: '1' };
  const still = { before: '1', after: '1' };
  expect(await make([...FORWARDING, ...FORWARDING], off)).toEqual([on, on, still, still]);
  expect(await make(FORWARDING, off)).toEqual([on, on]);
});

test('where settings cannot be written, those that are right are no reason to fail', async () => {
  const right = 'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.lo.accept_ra=0 net.ipv4.conf.lo.arp_notify=0';
  const wrong = 'sysctl -qw net.ipv6.conf.all.forwarding=0';
  const made = await make([...FORWARDING, ...OTHERS], `${right}; ${wrong}; ${READ_ONLY}`);
  expect(made.map(({ after, error }) => [after, error === undefined])).toEqual([
    ['1', true],
    ['0', false],
    ['0', true],
    ['0', false],
    [undefined, false],
  ]);
  expect(made[1]?.error).toMatch(/\/proc\/sys\/net\/ipv6\/conf\/all\/forwarding: read-only file system/);
  expect(made[3]?.error).toMatch(/\/proc\/sys\/net\/ipv4\/conf\/lo\/arp_notify: read-only file system/);
});

test('new settings are made, and a missing one is named', async () => {
  const made = await make(OTHERS, 'sysctl -qw net.ipv6.conf.lo.accept_ra=1 net.ipv4.conf.lo.arp_notify=0');
  expect(made.slice(0, 2)).toEqual([
    { before: '1', after: '0' },
    { before: '0', after: '1' },
  ]);
  expect(made[2]?.error).toMatch(/\/proc\/sys\/net\/ipv4\/conf\/nope\/arp_notify: no such file or directory/);
});
