import { expect, test } from 'vitest';
import { BY_IP, NATIVE } from '../harness/drivers.ts';
import { createHost, type Host } from '../harness/host.ts';
import { callPlugin } from '../harness/plugin.ts';
import { attachmentOf, listOf } from './support.ts';

const ROUNDS = 6;

interface Shown {
  readonly address: string;
  readonly addr_info: readonly { readonly scope: string; readonly tentative?: boolean }[];
}

async function bridgeOn(host: Host): Promise<Shown | undefined> {
  const [shown] = JSON.parse(await host.ip('-j -6 addr show dev cni0')) as readonly Shown[];
  const [link] = JSON.parse(await host.ip('-j link show dev cni0')) as readonly Shown[];
  return link && { ...link, addr_info: shown?.addr_info ?? [] };
}

async function hasLinkLocal(host: Host): Promise<boolean> {
  // The kernel looks for duplicates for up to two seconds.
  for (const started = performance.now(); performance.now() - started < 3000; ) {
    const addresses = (await bridgeOn(host))?.addr_info ?? [];
    if (addresses.some(({ scope, tentative }) => scope === 'link' && tentative !== true)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

test.each([
  ['spoken to the kernel', NATIVE],
  ['by ip', BY_IP],
])(
  'a new bridge has an IPv6 address of its own while its only port is down, and keeps its MAC: %s',
  async (_how, env) => {
    const [conf = {}] = listOf({ isGateway: false, ipam: {}, disableContainerInterface: true }, '1.0.0').plugins;
    let rounds = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const host = await createHost('new-bridge');
      try {
        const pods = [await host.addPod(), await host.addPod()];
        const call = (verb: string, index: number) => {
          const pod = pods[index];
          if (pod === undefined) throw new Error('there are two pods');
          const named = { ...conf, cniVersion: '1.0.0', name: 'net' };
          return callPlugin(host, 'bridge', { verb, ...attachmentOf(pod, `c${index}`), conf: named, env });
        };
        const added = await call('ADD', 0);
        const before = await bridgeOn(host);
        expect(added.result?.interfaces?.[0]).toEqual({ name: 'cni0', mac: before?.address });
        if (await hasLinkLocal(host)) rounds += 1;
        await call('ADD', 1);
        for (const index of [0, 1]) expect((await call('DEL', index)).error).toBeUndefined();
        expect((await bridgeOn(host))?.address).toBe(before?.address);
      } finally {
        await host.dispose();
      }
    }
    expect(rounds).toBe(ROUNDS);
  },
  90_000,
);
