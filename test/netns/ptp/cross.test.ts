import { expect, test } from 'vitest';
import { DUAL } from '../bridge/cases.ts';
import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';
import { attachmentOf, leasesOn, SHARED, vethsOn } from '../bridge/support.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: SHARED });

const CONFS: readonly object[] = [
  { ipam: { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] } },
  { ipMasq: true, ipMasqBackend: 'iptables', mtu: 1400 },
  { ipMasq: true, ipMasqBackend: 'nftables' },
];

function run(suite: Suite, call: PluginCall): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/ptp`, { ...call, path: suite.folder });
}

/** The reference reads a message of iptables 1.8.9 as a failure, after everything is removed. */
function isMisreading(suite: Suite, { error }: PluginOutcome): boolean {
  return suite === REFERENCE && error?.msg.includes('CNI-') === true && error.msg.includes('does not exist');
}

for (const [adds, removes] of [
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const) {
  test(`ADD by ${adds.name}, CHECK and DEL by ${removes.name}`, async () => {
    for (const [index, conf] of CONFS.entries()) {
      const pod = await host.addPod();
      const attachment = attachmentOf(pod);
      const cniVersion = index === 0 ? '0.4.0' : '1.0.0';
      const full = { cniVersion, name: 'net', type: 'ptp', ipam: DUAL, ...conf };
      const added = await run(adds, { verb: 'ADD', ...attachment, conf: full });
      expect(added.exitCode, JSON.stringify(added.error)).toBe(0);
      const known = { ...full, prevResult: added.result };
      expect((await run(removes, { verb: 'CHECK', ...attachment, conf: known })).error).toBeUndefined();
      const removed = await run(removes, { verb: 'DEL', ...attachment, conf: known });
      if (!isMisreading(removes, removed)) expect(removed.exitCode, JSON.stringify(removed.error)).toBe(0);
      expect(await vethsOn(host)).toEqual([]);
      expect(await leasesOn(host)).toEqual([]);
      // What the other one knows nothing of: the record. The runtime's second DEL, or GC, finds it.
      const again = await run(OURS, { verb: 'DEL', ...attachment, netns: '', conf: full });
      expect(again.exitCode).toBe(0);
    }
  });
}
