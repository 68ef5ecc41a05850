import { fs } from '../sys/files/files.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { leasesOf } from './choose.ts';
import { capacity, type RangeSet } from './range.ts';
import { describeUse, emptySet } from './report.ts';
import { type StoreOptions, withLeases } from './store.ts';

/** How a network's range sets are used. */
export interface Occupancy {
  /** One line for each set that is full or nearly so. */
  readonly tight: readonly string[];
  /** Whether an ADD would fail for want of an address, dead leases counted as taken. */
  readonly isFull: boolean;
}

/** A set is spoken of when fewer than one in so many of its addresses is free. */
const TIGHT_SHARE = 10n;

/** Looks for what makes every ADD fail: a folder that cannot be made, entered or written to. Nothing is created. */
export function refuseUnusable(options: StoreOptions): void {
  const folder = `${options.dataDir}/${options.network}`;
  const { accessSync, constants, statSync, statfsSync } = fs();
  let nearest = folder;
  try {
    while (nearest !== '/' && nearest !== '' && statSync(nearest, { throwIfNoEntry: false }) === undefined) {
      nearest = nearest.slice(0, nearest.lastIndexOf('/')) || '/';
    }
    if (!statSync(nearest).isDirectory()) throw new Error('not a directory');
    accessSync(nearest, constants.W_OK | constants.X_OK);
    const { bavail, blocks } = statfsSync(nearest);
    if (blocks > 0 && bavail === 0) throw new Error('no space left on device');
  } catch (thrown) {
    throw unusable(folder, nearest, thrown);
  }
}

/** How full the sets are; reads names only, unless a set is tight. */
export async function occupancy(options: StoreOptions, sets: readonly RangeSet[]): Promise<Occupancy> {
  const found = await withLeases(options, false, (store) => {
    const tight: string[] = [];
    let isFull = false;
    // Cheap first: with fewer files than a tenth of any set nothing is tight.
    const files = BigInt(store.folder.names().size);
    for (const [index, set] of sets.entries()) {
      const size = capacity(set);
      const mistake = emptySet(set, `ipam.ranges[${index}]`);
      if (mistake !== undefined) {
        isFull = true;
        tight.push(mistake);
        continue;
      }
      if ((size - files) * TIGHT_SHARE > size) continue;
      const leases = leasesOf(store, set);
      const free = size - BigInt(leases.length);
      if (free * TIGHT_SHARE > size) continue;
      isFull ||= free <= 0n;
      tight.push(`${describeUse(set, leases)} (${free > 0n ? free : 'none'} of ${size} free)`);
    }
    return { tight, isFull };
  });
  return found ?? { tight: [], isFull: false };
}

function unusable(folder: string, nearest: string, thrown: unknown): CniError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new CniError(
    ErrorCode.notAvailable,
    'plugin host-local is not available',
    `the leases in ${folder} cannot be written (${nearest}: ${why}); make it a folder on a writable disk with free ` +
      'space, or set "ipam.dataDir" to one',
    { cause: thrown },
  );
}
