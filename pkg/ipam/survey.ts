import { namespaceCensus } from '../record/census.ts';
import type { RecordedPod } from '../record/record.ts';
import { RecordStore } from '../record/store.ts';
import { causeErrno } from '../sys/errno.ts';
import { isFolder } from '../sys/files/calls.ts';
import { fileError, files, statusOf } from '../sys/files/files.ts';
import { currentBoot } from './boot.ts';
import { type Lease, LeaseFolder } from './lease-folder.ts';
import { LeaseIndex } from './lease-index.ts';
import { isDead, judge, type Verdict } from './liveness.ts';
import { type StoreOptions, withLeases } from './store.ts';

/** A lease with everything that is known about it. */
export interface SurveyedLease {
  readonly network: string;
  readonly lease: Lease;
  readonly verdict: Verdict;
  /** Milliseconds since the epoch: when it was given. */
  readonly since: number;
  readonly pod: RecordedPod | undefined;
}

/** The networks that have leases in a folder. */
export function leasedNetworks(dataDir: string): readonly string[] {
  try {
    return files()
      .list(dataDir)
      .filter(({ name }) => !name.startsWith('.') && isNetworkFolder(`${dataDir}/${name}`))
      .map(({ name }) => name)
      .sort();
  } catch (thrown) {
    if (causeErrno(thrown) === 'ENOENT') return [];
    throw fileError('open', dataDir, thrown);
  }
}

/** All leases of a network, judged, without a lock: nothing is written, and whoever is giving one is not kept waiting. */
export function surveyLeases({ dataDir, network, recordFolder }: StoreOptions): readonly SurveyedLease[] {
  const path = `${dataDir}/${network}`;
  const boot = currentBoot();
  const records = new RecordStore(recordFolder);
  const index = new LeaseIndex(`${dataDir}/.cni-ts/${network}`, path, boot.id);
  const evidence = { network, boot, records, index, isInUse: namespaceCensus() };
  const surveyed: SurveyedLease[] = [];
  for (const lease of new LeaseFolder(path).scan().leases.values()) {
    const status = statusOf(lease.path);
    // Released since it was read.
    if (status === undefined) continue;
    const since = Number(status.mtimeNs) / 1_000_000;
    const own = records.readForContainer(lease.owner.containerId).records;
    const pod = own.find(({ network: other }) => other === network)?.pod;
    surveyed.push({ network, lease, verdict: judge(lease, evidence), since, pod });
  }
  return surveyed;
}

/** Releases the leases of a network whose containers are proven dead, and no others; gives them. */
export async function releaseDead(options: StoreOptions): Promise<readonly Lease[]> {
  const released = await withLeases(options, false, (store) => {
    const dead = [...store.content().leases.values()].filter((lease) => isDead(store.judge(lease)));
    for (const lease of dead) store.release(lease.owner, [lease]);
    return dead;
  });
  return released ?? [];
}

function isNetworkFolder(path: string): boolean {
  const status = statusOf(path);
  return status !== undefined && isFolder(status);
}
