import { afterAll, expect, test } from 'vitest';
import { OURS, referenceSuite } from '../bridge/suites.ts';
import { leasesOn } from '../bridge/support.ts';
import { createHost } from '../harness/host.ts';
import { addDevice, attachmentOf, call, confOf, devicesOn, layDevices, removeDevice } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await createHost('cross');
await layDevices(host);
afterAll(() => host.dispose());

const CONFS: readonly (readonly [title: string, conf: object])[] = [
  ['by name', {}],
  ['without addresses', { ipam: {} }],
  ['by PCI address', { device: undefined, pciBusID: '0000:03:00.0' }],
  ['driven by a program', { device: undefined, pciBusID: '0000:05:00.0' }],
];

for (const [adds, removes] of [
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const) {
  test.each(CONFS)(`ADD by ${adds.name}, CHECK and DEL by ${removes.name}: %s`, async (_, more) => {
    const pod = await host.addPod();
    await addDevice(host);
    try {
      const conf = confOf(more);
      const added = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf }, adds);
      expect(added.exitCode, JSON.stringify(added.error)).toBe(0);
      const known = { ...conf, prevResult: added.result };
      const checked = await call(host, { verb: 'CHECK', ...attachmentOf(pod), conf: known }, removes);
      expect(checked.error?.msg).toBe(undefined);
      const removed = await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: known }, removes);
      expect(removed.error?.msg).toBe(undefined);
      expect(await devicesOn(host)).toEqual(['dev0 down ""']);
      expect(await leasesOn(host)).toEqual([]);
      // What the other one knows nothing of: the record. The runtime's second DEL, or GC, finds it.
      const again = await call(host, { verb: 'DEL', ...attachmentOf(pod), netns: '', conf });
      expect(again.exitCode).toBe(0);
      expect((await host.run(['ls', '/run/cni-ts/attachments'])).stdout).toBe('');
    } finally {
      await removeDevice(host);
      await pod.remove();
    }
  });
}
