import { describe, expect, test } from 'vitest';
import { NATIVE } from '../harness/drivers.ts';
import { createHost } from '../harness/host.ts';
import type { PluginCall } from '../harness/plugin.ts';
import { bytesReadBy, processesOf } from '../harness/traced.ts';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, crowdOf, type Mapped, SHARED, succeed, tcp, udp } from './support.ts';

const host = await useHost({ mayStay: SHARED });

const DUAL = ['10.99.0.2/16', 'fd00:99::2/64'];

/** Rules alone are what is looked at here, so addresses and links are left to no program. */
function nativeCallOf(...of: Parameters<typeof callOf>): PluginCall {
  return { ...callOf(...of), env: NATIVE };
}

/** Makes what all containers share. */
async function settle(backend: string, addresses?: readonly string[]): Promise<void> {
  const first = { pod: await host.addPod(), mappings: [tcp(7000, 70)], conf: { backend }, containerId: 'first' };
  const mapped: Mapped = { ...first, ...(addresses === undefined ? {} : { addresses }) };
  await succeed(host, OURS, nativeCallOf('ADD', mapped));
  await succeed(host, OURS, nativeCallOf('DEL', mapped));
}

describe.each(BACKENDS)('%s', (backend) => {
  const [restore, restore6] = ['iptables-restore', 'ip6tables-restore'];

  test('none', async () => {
    await settle(backend);
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80), udp(53, 53)], conf: { backend } };
    const added = await processesOf(host, nativeCallOf('ADD', mapped));
    expect(await containerRulesOn(host)).not.toEqual([]);
    const looked = await processesOf(host, nativeCallOf('CHECK', mapped));
    const removed = await processesOf(host, nativeCallOf('DEL', mapped));
    expect(added).toEqual([]);
    expect(looked).toEqual(backend === 'iptables' ? [] : ['nft']);
    expect(removed).toEqual([]);
    expect(await containerRulesOn(host)).toEqual([]);
  });

  test('both families', async () => {
    await settle(backend, DUAL);
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)], conf: { backend }, addresses: DUAL };
    const added = await processesOf(host, nativeCallOf('ADD', mapped));
    const removed = await processesOf(host, nativeCallOf('DEL', mapped));
    expect(added).toEqual([]);
    expect(removed).toEqual([]);
    expect(await containerRulesOn(host)).toEqual([]);
  });

  test('one for each family, or one of nft, where rules are left to programs', async () => {
    await settle(backend, DUAL);
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)], conf: { backend }, addresses: DUAL };
    const added = await processesOf(host, {
      ...nativeCallOf('ADD', mapped),
      env: { ...NATIVE, CNI_TS_NETFILTER: 'exec' },
    });
    // Before that they list who has the ports.
    const looks = ['ip6tables-save', 'iptables-save', 'nft', 'nft'];
    expect(added.toSorted()).toEqual(
      [...looks, ...(backend === 'iptables' ? [restore6, restore] : ['nft'])].toSorted(),
    );
    await succeed(host, OURS, nativeCallOf('DEL', mapped));
  });

  test('with three hundred containers nearly as little as with none', async () => {
    const crowded = await createHost('crowded');
    try {
      const mapped: Mapped = { pod: await crowded.addPod(), mappings: [tcp(8080, 80)], conf: { backend } };
      const add = nativeCallOf('ADD', mapped);
      const remove = (): Promise<unknown> => succeed(crowded, OURS, nativeCallOf('DEL', mapped));
      await succeed(crowded, OURS, add);
      await remove();
      const alone = await bytesReadBy(crowded, add);
      await remove();
      const { exitCode, stderr } = await crowded.run(['sh', '-c', crowdOf(backend, 300)]);
      expect(exitCode, stderr).toBe(0);
      expect(await processesOf(crowded, add)).toEqual([]);
      await succeed(crowded, OURS, nativeCallOf('CHECK', mapped));
      await remove();
      // The rules of all would be thousands of bytes for each; read are those that say who has which port.
      expect(await bytesReadBy(crowded, add)).toBeLessThan(alone + 300 * (backend === 'iptables' ? 850 : 450));
    } finally {
      await crowded.dispose();
    }
  });

  test('none without ports', async () => {
    const mapped: Mapped = { pod: await host.addPod(), mappings: [], conf: { backend } };
    for (const verb of ['ADD', 'CHECK', 'DEL'])
      expect(await processesOf(host, nativeCallOf(verb, mapped)), verb).toEqual([]);
    const empty = nativeCallOf('DEL', mapped, { runtimeConfig: { portMappings: [] }, prevResult: undefined });
    expect(await processesOf(host, empty)).toEqual([]);
  });
});
