import { describe, expect, test } from 'vitest';
import { useHost } from '../harness/use.ts';
import { OURS, referenceSuite } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, type Mapped, notesOn, SHARED, succeed, tcp, udp } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: SHARED });

const CONFS: readonly (readonly [title: string, Omit<Mapped, 'pod'>])[] = [
  ['one port', { mappings: [tcp(8080, 80)] }],
  ['both families', { mappings: [tcp(8080, 80), udp(53, 53)], addresses: ['10.99.0.2/16', 'fd00:99::2/64'] }],
  ['host addresses', { mappings: [tcp(80, 80, '192.0.2.1'), udp(53, 53, '0.0.0.0')] }],
  ['no snat', { mappings: [tcp(8080, 80)], conf: { snat: false } }],
  ['masqAll', { mappings: [tcp(8080, 80)], conf: { masqAll: true } }],
];

for (const [adds, removes] of [
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const) {
  describe.each(BACKENDS)(`ADD by ${adds.name}, CHECK and DEL by ${removes.name}, %s`, (backend) => {
    for (const cniVersion of ['0.4.0', '1.0.0']) {
      test.each(CONFS)(`${cniVersion}: %s`, async (_, parts) => {
        const conf = { ...parts.conf, backend };
        const mapped: Mapped = { ...parts, pod: await host.addPod(), conf, cniVersion };
        await succeed(host, adds, callOf('ADD', mapped));
        expect(await containerRulesOn(host)).not.toEqual([]);
        await succeed(host, removes, callOf('CHECK', mapped));
        await succeed(host, removes, callOf('DEL', mapped));
        expect(await containerRulesOn(host)).toEqual([]);
        // What the other one knows nothing of: the record. The runtime's second DEL, or GC, finds it.
        if (removes === REFERENCE) await succeed(host, OURS, { ...callOf('DEL', mapped), netns: '' });
        expect(await notesOn(host)).toEqual([]);
      });
    }
  });
}
