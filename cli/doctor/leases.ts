import { currentBoot } from '../../pkg/ipam/boot.ts';
import { type Lease, LeaseFolder } from '../../pkg/ipam/lease-folder.ts';
import { LeaseIndex } from '../../pkg/ipam/lease-index.ts';
import { judge, type Verdict } from '../../pkg/ipam/liveness.ts';
import type { HolderSearch } from '../../pkg/libcni/holder.ts';
import type { NamespaceCensus } from '../../pkg/record/census.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import { fs } from '../../pkg/sys/files/files.ts';
import { withHolders } from '../leases/held.ts';
import { LEASES, type Network } from './networks.ts';

/** The leases of a network, whether a list has it or not. */
export interface LeasedNetwork {
  readonly name: string;
  readonly dataDir: string;
  readonly leases: readonly { readonly lease: Lease; readonly verdict: Verdict }[];
  /** Files that name nobody. */
  readonly damaged: readonly string[];
}

/** All leases of a node, without the lock: what is looked at here is looked at again before anything is done. */
export async function readLeases(
  networks: readonly Network[],
  records: RecordStore,
  isInUse: NamespaceCensus,
  holders: HolderSearch,
): Promise<readonly LeasedNetwork[]> {
  const dataDirs = new Set([LEASES, ...networks.map(({ dataDir }) => dataDir)]);
  const boot = currentBoot();
  const places = [...dataDirs].flatMap((dataDir) => foldersIn(dataDir).map((name) => ({ dataDir, name })));
  return Promise.all(
    places.map(async ({ dataDir, name }) => {
      const path = `${dataDir}/${name}`;
      const { leases, damaged } = new LeaseFolder(path).scan();
      const index = new LeaseIndex(`${dataDir}/.cni-ts/${name}`, path, boot.id);
      const evidence = { network: name, boot, records, index, isInUse };
      const judged = [...leases.values()].map((lease) => ({ lease, verdict: judge(lease, evidence) }));
      return { name, dataDir, leases: await withHolders(judged, holders), damaged: [...damaged] };
    }),
  );
}

function foldersIn(path: string): readonly string[] {
  if (!fs().existsSync(path)) return [];
  const entries = fs().readdirSync(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
}
