import { expect, test } from 'vitest';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { DUAL } from './cases.ts';
import { isMisreading, OURS, referenceSuite, type Suite } from './suites.ts';
import { attachmentOf, leasesOn, SHARED, vethsOn } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: SHARED });

const CONFS: readonly (readonly [title: string, conf: object])[] = [
  ['plain', { isGateway: true }],
  ['layer 2', { ipam: {} }],
  ['masquerade by iptables', { isGateway: true, ipMasq: true, ipMasqBackend: 'iptables' }],
  ['masquerade by nftables', { isGateway: true, ipMasq: true, ipMasqBackend: 'nftables' }],
  ['masquerade by whatever works', { isGateway: true, ipMasq: true }],
  ['spoof check', { isGateway: true, macspoofchk: true }],
  ['hairpin, isolated, MTU', { hairpinMode: true, portIsolation: true, mtu: 1400 }],
];

function run(suite: Suite, call: PluginCall): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/bridge`, { ...call, path: suite.folder });
}

for (const [adds, removes] of [
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const) {
  for (const cniVersion of ['0.4.0', '1.0.0']) {
    test.each(CONFS)(`ADD by ${adds.name}, CHECK and DEL by ${removes.name}, ${cniVersion}: %s`, async (_, conf) => {
      const pod = await host.addPod();
      const base = { ...attachmentOf(pod) };
      const full = { cniVersion, name: 'net', type: 'bridge', ipam: DUAL, ...conf };
      const added = await run(adds, { verb: 'ADD', ...base, conf: full });
      expect(added.exitCode, JSON.stringify(added.error)).toBe(0);
      const known = { ...full, prevResult: added.result };

      const checked = await run(removes, { verb: 'CHECK', ...base, conf: known });
      // Without IPAM the reference has no CHECK at all.
      const isLayer2 = 'ipam' in conf && removes === REFERENCE;
      expect(checked.error?.msg).toBe(isLayer2 ? 'no plugin name provided' : undefined);

      const removed = await run(removes, { verb: 'DEL', ...base, conf: known });
      if (!isMisreading(removed)) expect(removed.exitCode, JSON.stringify(removed.error)).toBe(0);
      expect(await vethsOn(host)).toEqual([]);
      expect(await leasesOn(host)).toEqual([]);
      // What the other one knows nothing of: the record. The runtime's second DEL, or GC, finds it.
      if (removes === REFERENCE) {
        const again = await run(OURS, { verb: 'DEL', ...base, netns: '', conf: full });
        expect(again.exitCode).toBe(0);
      }
    });
  }
}

test('DEL by ours of what the reference made, without namespace and result', async () => {
  for (const [, conf] of CONFS) {
    const pod = await host.addPod();
    const full = { cniVersion: '1.0.0', name: 'net', type: 'bridge', ipam: DUAL, ...conf };
    expect((await run(REFERENCE, { verb: 'ADD', ...attachmentOf(pod), conf: full })).exitCode).toBe(0);
    await pod.remove();
    expect((await run(OURS, { verb: 'DEL', ...attachmentOf(pod), netns: '', conf: full })).exitCode).toBe(0);
    expect(await leasesOn(host)).toEqual([]);
  }
});
