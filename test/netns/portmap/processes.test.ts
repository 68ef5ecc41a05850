import { describe, expect, test } from 'vitest';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, type Mapped, SHARED, succeed, tcp, udp } from './support.ts';
import { processesOf } from './traced.ts';

const host = await useHost({ mayStay: SHARED });

const DUAL = ['10.99.0.2/16', 'fd00:99::2/64'];

/** Makes what all containers share. */
async function settle(backend: string, addresses?: readonly string[]): Promise<void> {
  const first = { pod: await host.addPod(), mappings: [tcp(7000, 70)], conf: { backend }, containerId: 'first' };
  const mapped: Mapped = { ...first, ...(addresses === undefined ? {} : { addresses }) };
  await succeed(host, OURS, callOf('ADD', mapped));
  await succeed(host, OURS, callOf('DEL', mapped));
}

describe.each(BACKENDS)('%s', (backend) => {
  const [restore, restore6] = ['iptables-restore', 'ip6tables-restore'];

  test('one process for each family on ADD and DEL', async () => {
    await settle(backend);
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80), udp(53, 53)], conf: { backend } };
    const added = await processesOf(host, callOf('ADD', mapped));
    expect(await containerRulesOn(host)).not.toEqual([]);
    const removed = await processesOf(host, callOf('DEL', mapped));
    expect(added).toEqual(backend === 'iptables' ? [restore] : ['nft']);
    expect(removed).toEqual(backend === 'iptables' ? [restore] : ['nft', 'nft']);
  });

  test('both families', async () => {
    await settle(backend, DUAL);
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)], conf: { backend }, addresses: DUAL };
    const added = await processesOf(host, callOf('ADD', mapped));
    const removed = await processesOf(host, callOf('DEL', mapped));
    expect(added).toEqual(backend === 'iptables' ? [restore6, restore] : ['nft']);
    // nft lists one table in a process.
    expect(removed).toEqual(backend === 'iptables' ? [restore6, restore] : ['nft', 'nft', 'nft']);
  });

  test('none without ports', async () => {
    const mapped: Mapped = { pod: await host.addPod(), mappings: [], conf: { backend } };
    for (const verb of ['ADD', 'CHECK', 'DEL']) expect(await processesOf(host, callOf(verb, mapped)), verb).toEqual([]);
    const empty = callOf('DEL', mapped, { runtimeConfig: { portMappings: [] }, prevResult: undefined });
    expect(await processesOf(host, empty)).toEqual([]);
  });
});
