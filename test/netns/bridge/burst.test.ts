import { expect, test } from 'vitest';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';
import { expectRestored, takeSnapshot } from '../harness/snapshot.ts';
import { attachmentOf, leasesOn, listOf, SHARED, vethsOn } from './support.ts';

const PODS = 50;
const ROUNDS = 20;

function callOf(verb: string, pod: Pod, index: number, conf: object): PluginCall {
  const [plugin] = listOf(conf).plugins;
  return { verb, ...attachmentOf(pod, `pod-${index}`), conf: { ...plugin, cniVersion: '1.0.0', name: 'net' } };
}

function allAtOnce(host: Host, verb: string, pods: readonly Pod[], conf: object): Promise<readonly PluginOutcome[]> {
  return Promise.all(pods.map((pod, index) => callPlugin(host, 'bridge', callOf(verb, pod, index, conf))));
}

function failures(outcomes: readonly PluginOutcome[]): readonly unknown[] {
  return outcomes.filter(({ exitCode }) => exitCode !== 0).map(({ error, stderr }) => error ?? stderr);
}

/** Up and down, all at once; on a host without a bridge unless `host` has had one. */
async function round(host: Host, pods: readonly Pod[], conf: object): Promise<void> {
  const added = await allAtOnce(host, 'ADD', pods, conf);
  expect(failures(added)).toEqual([]);
  const addresses = added.map(({ result }) => result?.ips?.[0]?.address);
  expect(new Set(addresses).size).toBe(PODS);
  // Every end of every pair, and the bridge, which all of them must have told alike.
  const macs = added.flatMap(({ result }) => (result?.interfaces ?? []).map(({ mac }) => mac));
  expect(new Set(macs).size).toBe(2 * PODS + 1);
  const bridges = JSON.parse(await host.ip('-j addr show type bridge')) as readonly {
    readonly ifname?: string;
    readonly addr_info?: readonly { readonly family: string; readonly local: string }[];
  }[];
  const [bridge, ...others] = bridges.filter(({ ifname }) => ifname !== undefined);
  expect(others).toEqual([]);
  expect(bridge?.addr_info?.filter(({ family }) => family === 'inet').map(({ local }) => local)).toEqual(['10.1.0.1']);
  expect(await vethsOn(host)).toHaveLength(PODS);

  expect(failures(await allAtOnce(host, 'DEL', pods, conf))).toEqual([]);
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host)).toEqual([]);
}

test.each<[string, number, object]>([
  ['plain', ROUNDS, {}],
  ['masquerade by iptables', 3, { ipMasq: true, ipMasqBackend: 'iptables' }],
  ['masquerade by nftables', 3, { ipMasq: true, ipMasqBackend: 'nftables' }],
])(
  'fifty pods at once on a bare node, and gone at once: %s',
  async (_, rounds, conf) => {
    for (let count = 0; count < rounds; count += 1) {
      const host = await createHost('burst');
      try {
        const pods = await Promise.all(Array.from({ length: PODS }, () => host.addPod()));
        const bare = await takeSnapshot(host, { pods: [], ignore: SHARED });
        await round(host, pods, conf);
        await expectRestored(host, bare, { pods: [], ignore: SHARED });
      } finally {
        await host.dispose();
      }
    }
  },
  600_000,
);

test('forty-nine succeed and one fails, again and again: the bridge stays as long as anybody needs it', async () => {
  for (let count = 0; count < 5; count += 1) {
    const host = await createHost('burst');
    try {
      const pods = await Promise.all(Array.from({ length: PODS }, () => host.addPod()));
      const bare = await takeSnapshot(host, { pods: [], ignore: SHARED });
      const unreachable = [{ dst: '10.9.0.0/16', gw: '10.77.0.1' }];
      const outcomes = await Promise.all(
        pods.map((pod, index) => {
          const ipam = { type: 'host-local', subnet: '10.1.0.0/24', routes: index % 10 === 0 ? unreachable : [] };
          return callPlugin(host, 'bridge', callOf('ADD', pod, index, { ipam }));
        }),
      );
      const failed = outcomes.filter(({ exitCode }) => exitCode !== 0);
      expect(new Set(failed.map(({ error }) => error?.msg))).toEqual(
        new Set([
          "failed to add route '10.9.0.0/16 via 10.77.0.1 dev eth0 metric 0 (Scope: universe, Table: 0)': network is unreachable",
        ]),
      );
      expect(failed).toHaveLength(PODS / 10);
      expect(await vethsOn(host)).toHaveLength(PODS - PODS / 10);
      expect(await leasesOn(host)).toHaveLength(PODS - PODS / 10);
      expect(await host.ip('-br addr show dev cni0')).toContain('10.1.0.1/24');
      expect(failures(await allAtOnce(host, 'DEL', pods, {}))).toEqual([]);
      await expectRestored(host, bare, { pods: [], ignore: SHARED });
    } finally {
      await host.dispose();
    }
  }
}, 120_000);

test('the only ADD on a bare node fails: not even the bridge is left', async () => {
  const host = await createHost('burst');
  try {
    const pod = await host.addPod();
    const before = await takeSnapshot(host, { ignore: [/^file \/var\/lib\/cni/, /^file \/run\/cni-ts/] });
    const ipam = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '10.9.0.0/16', gw: '10.77.0.1' }] };
    const { exitCode } = await callPlugin(host, 'bridge', callOf('ADD', pod, 0, { ipam }));
    expect(exitCode).toBe(1);
    await expectRestored(host, before, { ignore: [/^file \/var\/lib\/cni/, /^file \/run\/cni-ts/] });
    expect(await leasesOn(host)).toEqual([]);
  } finally {
    await host.dispose();
  }
});
