import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../netns/harness/connect.ts';
import { createHost, type Host } from '../netns/harness/host.ts';
import type { Conflist } from '../netns/harness/libcni-conf.ts';
import type { Box } from './harness/box.ts';
import { type Containerd, expectNetwork } from './harness/containerd.ts';
import type { PodRequest } from './harness/cri.ts';
import { expectAnswer, expectSilence, whoAnswers } from './harness/http.ts';
import { FULL, removeSubnet, shipped, writeSubnet } from './lists.ts';

/** The node's addresses on a cable to somebody outside, and that one's. */
const NODE = ['192.0.2.1', '2001:db8::1'] as const;
const OUTSIDE = ['192.0.2.2', '2001:db8::2'] as const;

/** A list, and how the addresses of its pods begin. */
const CASES: readonly (readonly [what: string, list: Conflist, prefixes: readonly string[]])[] = [
  ['10-bridge', shipped('10-bridge.conflist'), ['10.42.0.']],
  ['10-bridge-dual-stack', shipped('10-bridge-dual-stack.conflist'), ['10.42.0.', 'fd00:42::']],
  ['10-flannel', shipped('10-flannel.conflist'), ['10.244.1.']],
  ['87-podman-bridge', shipped('87-podman-bridge.conflist'), ['10.88.0.']],
  ['all plugins, with nftables', FULL, ['10.44.0.']],
];

/** Two pods of a list that are looked after as kubelet does it, and what has to hold for every containerd. */
export function describePods(box: Box, { cri, cgroup }: Containerd): void {
  const living = new Set<string>();
  let outside: Host;

  beforeAll(async () => {
    outside = await createHost('outside');
    await plugIn(box, outside);
    writeSubnet(box);
    return () => outside.dispose();
  });

  async function use(list: Conflist): Promise<void> {
    box.configure(list);
    await expectNetwork(cri);
  }

  /** The pod and its server are there, and it is called by its name. */
  async function run(request: Omit<PodRequest, 'cgroup'>): Promise<string> {
    const id = await cri.runPod({ cgroup, ...request });
    // A test that failed is no reason for the next ones; what the plugins left has been looked at by then.
    living.add(id);
    onTestFinished(async () => {
      if (living.has(id)) await end(id);
    });
    const { isReady } = await cri.podStatus(id);
    expect(isReady).toBe(true);
    return id;
  }

  async function end(id: string): Promise<void> {
    living.delete(id);
    await cri.stopPod(id);
    await cri.removePod(id);
  }

  async function addressesOf(id: string): Promise<readonly string[]> {
    const { ip, moreIps } = await cri.podStatus(id);
    return [ip, ...moreIps];
  }

  describe.each(CASES)('%s', (_, list, prefixes) => {
    test('two pods, a host port, stop, remove', async () => {
      await use(list);
      const web = await run({ name: 'web', ports: [{ hostPort: 8088, containerPort: 80 }] });
      const other = await run({ name: 'other' });
      const [first, second] = [await addressesOf(web), await addressesOf(other)];
      for (const addresses of [first, second]) {
        expect(addresses.map((address) => address.replace(/[^.:]+$/, ''))).toEqual(prefixes);
      }
      expect(second).not.toEqual(first);

      for (const address of first) await expectAnswer(box, 'web', address);
      for (const address of second) await expectAnswer(box, 'other', address);
      await expectAnswer(box, 'web', '127.0.0.1', 8088);
      for (const [index] of first.entries()) {
        const [from = '', to = ''] = [OUTSIDE[index], NODE[index]];
        await expectAnswer(outside, 'web', to, 8088);
        // Whoever asks from outside is seen as who it is.
        expect(await whoAnswers(outside, to, 8088)).toBe(`web ${from}`);
      }

      await cri.stopPod(web);
      expect(await cri.podStatus(web)).toEqual({ isReady: false, ip: '', moreIps: [] });
      await expectSilence(outside, NODE[0], 8088);
      await expectAnswer(box, 'other', second[0] ?? '');
      // kubelet asks again when it is not sure.
      await cri.stopPod(web);
      for (const id of [web, other]) {
        await end(id);
        await cri.removePod(id);
      }
    });

    test('an address and a port that were given back can be had again at once', async () => {
      await use(list);
      const ports = [{ hostPort: 8089, containerPort: 80 }];
      for (const name of ['one', 'two']) {
        const id = await run({ name, ports });
        await expectAnswer(box, name, '127.0.0.1', 8089);
        await end(id);
      }
    });
  });

  describe('a pod that cannot be', () => {
    test('because another has its port says so, and leaves nothing', async () => {
      await use(shipped('10-bridge.conflist'));
      const ports = [{ hostPort: 8090, containerPort: 80 }];
      const first = await run({ name: 'first', ports });
      await expect(cri.runPod({ name: 'late', cgroup, ports })).rejects.toThrow(/portmap.*port 8090.*/s);
      await expectAnswer(box, 'first', '127.0.0.1', 8090);
      await end(first);
    });

    test('because flanneld has not started says so, and leaves nothing', async () => {
      // Ready or not: containerd 2.1 asks, and kubelet would wait.
      box.configure(shipped('10-flannel.conflist'));
      removeSubnet(box);
      await expect
        .poll(() => cri.runPod({ name: 'early', cgroup }).catch(String), { timeout: 15_000 })
        .toContain('subnet.env');
      writeSubnet(box);
      await end(await run({ name: 'early' }));
    });
  });
}

/** Somebody outside, in both families; afterwards nothing changes by itself any more. */
async function plugIn(box: Box, outside: Host): Promise<void> {
  const addresses = (of: readonly string[]) =>
    of.map((address) => `${address}${address.includes(':') ? '/64' : '/24'}`);
  // A node has it on, and the kernel makes routes when it is turned on.
  await box.succeed(['sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding']);
  const cable = { host: box, link: 'uplink', addresses: addresses(NODE) };
  await connect({ host: outside, link: 'eth0', addresses: addresses(OUTSIDE) }, cable);
  for (;;) {
    const found = await box.ip('-6 addr show dev uplink scope link -tentative');
    if (found.includes('fe80:')) return;
    await setTimeout(50);
  }
}
