import { parseAddress } from '../../../pkg/addr/address.ts';
import { isDead } from '../../../pkg/ipam/liveness.ts';
import { capacity, rangeOf } from '../../../pkg/ipam/range.ts';
import { DEAD_BECAUSE, describeUse, emptySet, howToGetFree } from '../../../pkg/ipam/report.ts';
import { withLeases } from '../../../pkg/ipam/store.ts';
import { recordFolder } from '../../../pkg/record/store.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { LeasedNetwork } from '../leases.ts';
import type { Node } from '../node.ts';

/** Ranges without free addresses, and addresses that are held for nobody. */
export const leases: Check = {
  name: 'leases',
  run(node) {
    return [...full(node), ...node.leases.flatMap((network) => [...dead(network, node), ...damaged(network, node)])];
  },
};

/** A set is spoken of when fewer than one in so many of its addresses is free. */
const TIGHT_SHARE = 10n;

function full({ networks, leases: all }: Node): readonly Diagnosis[] {
  return networks.flatMap(({ name, file, dataDir, sets }) => {
    const own = all.find((leased) => leased.name === name && leased.dataDir === dataDir)?.leases ?? [];
    return sets.flatMap((set, index) => {
      const mistake = emptySet(set, `ipam.ranges[${index}]`);
      if (mistake !== undefined) return [empty(name, file, mistake)];
      const taken = own.filter(({ lease }) => {
        const address = parseAddress(lease.address);
        return address !== undefined && rangeOf(set, address) !== undefined;
      });
      const size = capacity(set);
      const free = size - BigInt(taken.length);
      if (free * TIGHT_SHARE > size) return [];
      const deadOnes = taken.filter(({ verdict }) => isDead(verdict)).length;
      return [
        {
          severity: free <= 0n && deadOnes === 0 ? 'error' : 'warning',
          found: `the network ${name} has ${free <= 0n ? 'no' : `only ${free}`} free address: ${describeUse(set, taken)}`,
          means: free <= 0n && deadOnes === 0 ? 'every ADD fails' : 'ADD will fail when more containers come',
          mend: howToGetFree(`${dataDir}/${name}`, 0, true),
        } satisfies Diagnosis,
      ];
    });
  });
}

/** No pod can be deleted to help with that. */
function empty(name: string, file: string, mistake: string): Diagnosis {
  return {
    severity: 'error',
    found: `the network ${name} has a range without addresses: ${mistake}`,
    means: 'every ADD fails',
    mend: `give the range more addresses, in ${file}`,
  };
}

function dead(network: LeasedNetwork, node: Node): readonly Diagnosis[] {
  const { name, dataDir } = network;
  return network.leases.flatMap(({ lease: { address, owner, path }, verdict }) => {
    if (!isDead(verdict)) return [];
    return [
      {
        severity: 'warning',
        found: `${address} of the network ${name} is leased to container ${owner.containerId}: ${DEAD_BECAUSE[verdict]}`,
        means: 'the address is not given to others until the range is full',
        mend: `rm ${path}`,
        fix: () =>
          underLock(network, node, (store) => {
            const again = [...store.content().leases.values()].find((one) => one.path === path);
            // It may have been given anew since.
            if (again === undefined || !isDead(store.judge(again)))
              return `${address} of ${name} was freed already, or given anew`;
            store.release(again.owner, [again]);
            return `freed ${address} in ${dataDir}/${name}`;
          }),
      } satisfies Diagnosis,
    ];
  });
}

function damaged(network: LeasedNetwork, node: Node): readonly Diagnosis[] {
  return network.damaged.map((path) => ({
    severity: 'warning',
    found: `${path} is empty or damaged and names no container`,
    means: 'other plugins take it for a lease for ever',
    mend: `rm ${path}`,
    fix: () =>
      underLock(network, node, (store) => {
        if (!store.content().damaged.has(path)) return `${path} is not damaged any more`;
        store.discard(path);
        return `removed ${path}`;
      }),
  }));
}

type Work = Parameters<typeof withLeases<string>>[2];

async function underLock({ dataDir, name }: LeasedNetwork, { environment }: Node, work: Work): Promise<string> {
  const options = { dataDir, network: name, recordFolder: recordFolder(environment), warn: () => {} };
  return (await withLeases(options, false, work)) ?? `${dataDir}/${name} is gone`;
}
