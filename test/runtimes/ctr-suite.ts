import { beforeAll, describe, expect, test } from 'vitest';
import type { Box } from './harness/box.ts';
import type { Containerd } from './harness/containerd.ts';
import { IMAGE } from './harness/image.ts';
import { shipped } from './lists.ts';

/** Containers of `ctr run --cni`, whose only DEL has no namespace. */
export function describeCtr(box: Box, { ctr, cgroup }: Containerd): void {
  describe('ctr run --cni', () => {
    beforeAll(() => box.configure(shipped('10-bridge-dual-stack.conflist')));

    test('a container has an address, reaches its gateway, and leaves nothing', async () => {
      const script = 'ip addr show eth0; ping -c1 -W2 10.42.0.1';
      const printed = await ctr(
        'run',
        '--rm',
        '--cni',
        '--cgroup',
        `${cgroup}/c1`,
        IMAGE,
        'c1',
        '/bin/sh',
        '-c',
        script,
      );
      expect(printed).toMatch(/inet 10\.42\.0\.\d+\/24 /);
      expect(printed).toMatch(/inet6 fd00:42::[\da-f]+\/64 /);
      expect(printed).toContain('1 packets received');
    });

    test('two at a time', async () => {
      const names = ['c2', 'c3'];
      const runs = names.map((name) => {
        const script = 'ip -4 addr show eth0; sleep 0.5';
        return ctr('run', '--rm', '--cni', '--cgroup', `${cgroup}/${name}`, IMAGE, name, '/bin/sh', '-c', script);
      });
      const addresses = (await Promise.all(runs)).map((printed) => /inet (10\.42\.0\.\d+)\/24 /.exec(printed)?.[1]);
      expect(new Set(addresses).size).toBe(2);
      expect(addresses).not.toContain(undefined);
    });
  });
}
