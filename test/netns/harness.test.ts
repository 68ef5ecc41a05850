import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { connect } from './harness/connect.ts';
import { driverOfTests } from './harness/drivers.ts';
import { createHost } from './harness/host.ts';
import { measure } from './harness/measure.ts';
import { expectRestored, expectUnchanged, takeSnapshot } from './harness/snapshot.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

describe('a host', () => {
  test('starts empty and shares neither network nor state with this machine', async () => {
    expect(readdirSync(`${host.root}/run`)).toEqual(['netns']);
    expect(readdirSync(`${host.root}/var/lib`)).toEqual(['cni']);
    const { stdout } = await host.run(['ls', '/sys/class/net', '/run/netns']);
    expect(stdout).toBe('/run/netns:\n\n/sys/class/net:\nlo\n');
    expect(readlinkSync(`/proc/${host.pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
  });

  test('nothing that happens on it is seen outside, and it is seen by no other host', async () => {
    const other = await createHost();
    try {
      const pod = await host.addPod();
      await host.ip('link add name seen type bridge');
      await host.run(['sh', '-c', 'echo x > /run/seen; echo x > /var/lib/cni/seen']);
      for (const path of ['/run/seen', '/var/lib/cni/seen', pod.path]) {
        expect(existsSync(`${host.root}${path}`), path).toBe(true);
        expect(existsSync(path), path).toBe(false);
        expect(existsSync(`${other.root}${path}`), path).toBe(false);
      }
      expect(await other.ip('link show')).not.toContain('seen');
    } finally {
      await other.dispose();
      await host.ip('link del dev seen');
      await host.run(['rm', '/run/seen', '/var/lib/cni/seen']);
    }
  });

  test('is gone after its disposal, with the processes in it and in its pods', async () => {
    const doomed = await createHost();
    const pod = await doomed.addPod();
    const processes = [doomed.start(['sleep', '600']), pod.start(['sleep', '600'])];
    await expect.poll(() => readlinkSync(`/proc/${processes[1]?.pid}/exe`)).toContain('sleep');
    await doomed.dispose();
    for (const { pid } of [doomed, ...processes]) expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('hangs on a pipe to the process that made it, so that it cannot outlive it', async () => {
    const status = readFileSync(`/proc/${host.pid}/status`, 'utf8');
    expect(/PPid:\s+(\d+)/.exec(status)?.[1]).toBe(String(process.pid));
    expect(readlinkSync(`/proc/${host.pid}/fd/0`)).toMatch(/^(pipe|socket):/);
  });

  test('for containers has processes, cgroups and folders of its own, and all of them go with it', async () => {
    const node = await createHost('cni-ts-harness', { forContainers: true });
    const cgroups = () => readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' });
    try {
      // One controller's tree where each has its own.
      const script = `cd /sys/fs/cgroup; test ! -d pids || cd pids; mkdir ${node.name}
        echo x > /etc/${node.name}; mkdir /opt/${node.name}; echo $$; sleep 600 >/dev/null 2>&1 & echo $!`;
      const { stdout } = await node.run(['sh', '-c', script]);
      expect(
        stdout
          .trim()
          .split('\n')
          .map(Number)
          .every((pid) => pid > 1 && pid < 100),
      ).toBe(true);
      expect(cgroups().some((path) => path.includes(node.name))).toBe(true);
      for (const folder of ['/etc', '/opt']) {
        expect(existsSync(`${node.root}${folder}/${node.name}`), folder).toBe(true);
        expect(existsSync(`${folder}/${node.name}`), folder).toBe(false);
      }
    } finally {
      await node.dispose();
    }
    expect(existsSync(`/proc/${node.pid}`)).toBe(false);
    expect(cgroups().filter((path) => path.includes(node.name))).toEqual([]);
  });

  test('runs programs with nothing of the test’s environment but its driver, and ends those that take too long', async () => {
    const { stdout } = await host.run(['env'], { env: { CNI_COMMAND: 'ADD' } });
    const names = stdout.split('\n').map((line) => line.split('=')[0]);
    expect(names.filter((name) => name !== '' && name !== 'CNI_TS_TEST_RUN').sort()).toEqual([
      'CNI_COMMAND',
      ...Object.keys(driverOfTests()),
      'PATH',
    ]);
    const slow = await host.run(['sleep', '600'], { timeoutMs: 100 });
    expect(slow.exitCode).toBeUndefined();
    expect(slow.ms).toBeLessThan(5000);
  });

  test('runs programs one after another with exact times', async () => {
    const outcomes = await measure(host, [
      { argv: ['cat'], env: { A: 'b' }, stdin: 'text' },
      { argv: ['sh', '-c', 'echo $A >&2; sleep 0.05; readlink /proc/self/ns/net; exit 3'], env: { A: 'b' } },
      { argv: ['no-such-program'] },
    ]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 3, undefined]);
    expect(outcomes[0]).toMatchObject({ stdout: 'text', stderr: '' });
    expect(outcomes[1]).toMatchObject({ stdout: `${readlinkSync(`/proc/${host.pid}/ns/net`)}\n`, stderr: 'b\n' });
    expect(outcomes[1]?.ms).toBeGreaterThan(50);
    expect(outcomes[2]?.stderr).toContain('ENOENT');
  });

  test('has cables to other hosts', async () => {
    const outside = await createHost('outside');
    try {
      await connect(
        { host, link: 'up0', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
        { host: outside, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
      );
      for (const address of ['192.0.2.2', '2001:db8::2']) {
        expect((await host.run(['ping', '-c1', '-W2', address])).exitCode, address).toBe(0);
      }
    } finally {
      await host.ip('link del dev up0');
      await outside.dispose();
    }
  });
});

describe('a snapshot', () => {
  const changes = [
    ['link', 'link add name br9 type bridge', 'link del dev br9', '+ host link br9 '],
    ['address', 'addr add 10.9.0.1/32 dev lo', 'addr del 10.9.0.1/32 dev lo', '+ host address lo 10.9.0.1/32 '],
    ['route', 'route add blackhole 10.9.0.0/24', 'route del blackhole 10.9.0.0/24', '+ host route-4 '],
    ['route of IPv6', 'route add blackhole fd09::/64', 'route del blackhole fd09::/64', '+ host route-6 '],
    ['rule', 'rule add pref 900 table 900', 'rule del pref 900', '+ host rule-4 '],
    ['rule of IPv6', '-6 rule add pref 900 table 900', '-6 rule del pref 900', '+ host rule-6 '],
    ['flag', 'link set dev lo down', 'link set dev lo up', '- host link lo '],
  ] as const;

  test.each(changes)('shows a changed %s', async (_what, change, back, line) => {
    const before = await takeSnapshot(host);
    await host.ip(change);
    const after = await takeSnapshot(host);
    await host.ip(back);
    expect(() => expectUnchanged(before, after)).toThrow(`\n  ${line}`);
    // An address of IPv6 takes a moment to come back.
    await expectRestored(host, before);
  });

  test('shows files, folders and their content, pods and processes', async () => {
    const before = await takeSnapshot(host);
    const sleeper = host.start(['sleep', '601']);
    await expect.poll(() => readFileSync(`/proc/${sleeper.pid}/cmdline`, 'utf8')).toBe('sleep\x00601\0');
    await host.run(['sh', '-c', 'mkdir /run/cni-ts; printf one > /var/lib/cni/file; chmod 600 /var/lib/cni/file']);
    const pod = await host.addPod();
    const after = await takeSnapshot(host);
    const added = [...after].filter((line) => !before.has(line));
    expect(added).toContain('file /run/cni-ts folder 755');
    expect(added).toContain('file /var/lib/cni/file 600 "one"');
    expect(added).toContain('process sleep 601');
    expect(added.some((line) => line.startsWith(`file ${pod.path} special`))).toBe(true);
    expect(added.some((line) => line.startsWith(`${pod.name} link lo `))).toBe(true);
    await pod.remove();
    await sleeper.stop();
    await host.run(['rm', '-r', '/run/cni-ts', '/var/lib/cni/file']);
    expectUnchanged(before, await takeSnapshot(host));
  });

  test('of a pod is the same again after lo was up, when it was up before', async () => {
    const pod = await host.addPod();
    await pod.wearIn();
    const before = await takeSnapshot(host);
    await pod.ip('link set dev lo up');
    expect(() => expectUnchanged(before, new Set())).toThrow(`- ${pod.name} link lo`);
    await pod.ip('link set dev lo down');
    await expectRestored(host, before);
  });
});
