import { expect, test } from 'vitest';
import { MASQUERADE_BACKENDS } from '../../pkg/netfilter/backend-name.ts';
import { addMasquerade, removeMasquerade } from '../../pkg/netfilter/masquerade.ts';
import { addSpoofCheck, removeSpoofCheck } from '../../pkg/netfilter/spoof-check.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { createHost, type Host } from './harness/host.ts';
import { callPlugin, type ResultDocument } from './harness/plugin.ts';
import { rulesOf } from './netfilter-rules.ts';

const plugins = await referencePlugins();

const RANGES = {
  IPv4: [[{ subnet: '10.99.0.0/16' }]],
  IPv6: [[{ subnet: 'fd00:99::/64' }]],
  'both families': [[{ subnet: '10.99.0.0/16' }], [{ subnet: 'fd00:99::/64' }]],
  'several networks': [[{ subnet: '10.99.0.0/16' }], [{ subnet: '10.98.0.0/24' }], [{ subnet: 'fd00:99::/64' }]],
} as const;

// A whole container id, so that the comment of nft is cut.
const IDS = { x: 'x', 'a long id': 'a1'.repeat(32) } as const;

/** What is done on a host. */
interface Tools {
  readonly host: Host;
  run(action: WorkAction): Promise<void>;
  reference(verb: string, containerId: string, options: object): Promise<ResultDocument | undefined>;
}

/** Gives a host to the reference bridge and to our actions. */
async function onHost(work: (tools: Tools) => Promise<void>): Promise<void> {
  const host = await createHost('reference');
  const place = openNetns(`/proc/${host.pid}/ns/net`);
  try {
    const pod = await host.addPod();
    await work({
      host,
      run: async (action) => {
        await action.run({ place, timeoutMs: 20_000 });
      },
      reference: async (verb, containerId, options) => {
        const conf = { cniVersion: '1.0.0', name: 'bt', type: 'bridge', ...options };
        const call = { verb, containerId, netns: pod.path, ifName: 'eth0', path: plugins, conf };
        const { result, error } = await callPlugin(host, `${plugins}/bridge`, call);
        if (verb === 'ADD') expect(error).toBeUndefined();
        return result;
      },
    });
  } finally {
    place.close();
    await host.dispose();
  }
}

function sorted(text: string): readonly string[] {
  return text.split('\n').toSorted();
}

const CASES = MASQUERADE_BACKENDS.flatMap((backend) =>
  Object.entries(RANGES).flatMap(([families, ranges]) =>
    Object.entries(IDS).map(([id, containerId]) => ({ backend, families, ranges, id, containerId })),
  ),
);

test.each(CASES)(
  '$backend, $families, $id: either suite makes the same and removes what the other made',
  async (one) => {
    const { backend, ranges, containerId } = one;
    const conf = { ipMasq: true, ipMasqBackend: backend, ipam: { type: 'host-local', ranges } };
    let theirs = '';
    let addresses: readonly string[] = [];
    await onHost(async ({ host, run, reference }) => {
      const result = await reference('ADD', containerId, conf);
      addresses = result?.ips?.map(({ address }) => address) ?? [];
      theirs = await rulesOf(host);
      expect(theirs).toContain(addresses[0]?.replace(/\/.*/, ''));
      const target = { network: 'bt', containerId, ifName: 'eth0', addresses };
      await run(removeMasquerade(target, [backend]));
      expect(await rulesOf(host)).not.toMatch(/CNI-|id: /);
      await run(addMasquerade(target, backend));
      // Chains are listed by age.
      expect(sorted(await rulesOf(host))).toEqual(sorted(theirs));
      // With iptables 1.8.9 it may misread a message, but not before the rules are gone.
      await reference('DEL', containerId, conf);
      expect(await rulesOf(host)).not.toMatch(/CNI-|id: /);
    });
    await onHost(async ({ host, run }) => {
      await run(addMasquerade({ network: 'bt', containerId, ifName: 'eth0', addresses }, backend));
      expect(await rulesOf(host)).toBe(theirs);
    });
  },
);

test('spoof check: either suite makes the same and removes what the other made', async () => {
  const conf = { macspoofchk: true };
  let theirs = '';
  let check = { containerId: 'x', ifName: 'eth0', hostLink: '', mac: '' };
  await onHost(async ({ host, run, reference }) => {
    const result = await reference('ADD', 'x', conf);
    const [, link, container] = result?.interfaces ?? [];
    check = { ...check, hostLink: link?.name ?? '', mac: container?.mac ?? '' };
    theirs = await rulesOf(host);
    expect(theirs).toContain(check.mac);
    await run(removeSpoofCheck(check));
    expect(await rulesOf(host)).not.toContain('macspoofchk');
    await run(addSpoofCheck(check));
    expect(await rulesOf(host)).toBe(theirs);
    await reference('DEL', 'x', conf);
    expect(await rulesOf(host)).not.toContain('macspoofchk');
    expect(await rulesOf(host)).not.toContain('cni-br-iface');
  });
  await onHost(async ({ host, run }) => {
    await run(addSpoofCheck(check));
    expect(await rulesOf(host)).toBe(theirs);
  });
});
