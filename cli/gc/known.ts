import { isDead, type Verdict } from '../../pkg/ipam/liveness.ts';
import { DEAD_BECAUSE } from '../../pkg/ipam/report.ts';
import { leasedNetworks, type SurveyedLease, surveyLeases } from '../../pkg/ipam/survey.ts';
import { type CachedAttachment, readCaches } from '../../pkg/libcni/cache.ts';
import type { HolderSearch } from '../../pkg/libcni/holder.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { namespaceAt } from '../../pkg/record/seen.ts';
import { isAlive, recordFolder, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { type Attachment, attachmentKey, attachmentOf } from '../../pkg/types/attachment.ts';
import { leaseFolders } from '../leases/folders.ts';
import type { IsValid } from './valid.ts';

/** A lease and its folder. */
export interface PlacedLease extends SurveyedLease {
  readonly dataDir: string;
}

/** An attachment, with all that is known about it; the interface is '' where nobody has noted it. */
export interface KnownAttachment extends Attachment {
  readonly records: readonly AttachmentRecord[];
  readonly cached: readonly CachedAttachment[];
  readonly leases: readonly PlacedLease[];
}

/** What becomes of it, and why. */
export interface Judgement {
  readonly state: 'alive' | 'dead' | 'unknown';
  readonly because: string;
}

/** So long an ADD may have given an address before anybody has it. */
const YOUNG_MS = 5 * 60_000;

/** The attachments of a network, or of all. */
export async function knownAttachments(
  environment: Environment,
  network: string | undefined,
): Promise<readonly KnownAttachment[]> {
  const all = new Map<string, KnownAttachment>();
  const add = (name: Attachment, more: Partial<KnownAttachment>) => {
    if (network !== undefined && name.network !== network) return;
    const key = attachmentKey(name);
    const known = all.get(key) ?? { ...attachmentOf(name), records: [], cached: [], leases: [] };
    all.set(key, {
      ...known,
      records: [...known.records, ...(more.records ?? [])],
      cached: [...known.cached, ...(more.cached ?? [])],
      leases: [...known.leases, ...(more.leases ?? [])],
    });
  };
  for (const record of recordsOf(environment).readAll().records) add(record, { records: [record] });
  for (const cached of readCaches().attachments) add(cached, { cached: [cached] });
  for (const dataDir of await leaseFolders(environment, undefined)) {
    for (const name of leasedNetworks(dataDir)) {
      const options = { dataDir, network: name, recordFolder: recordFolder(environment), warn: () => {} };
      for (const lease of surveyLeases(options)) {
        add({ network: name, ...lease.lease.owner }, { leases: [{ ...lease, dataDir }] });
      }
    }
  }
  return [...all.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ network, containerId, ifName }: KnownAttachment): string {
  return `${network} ${containerId} ${ifName}`;
}

/** Judges an attachment: by proofs, and where there are none, by what a runtime says of containers that nobody finds. */
export function judgeWith(
  holders: HolderSearch,
  isValid: IsValid | undefined,
): (one: KnownAttachment) => Promise<Judgement> {
  const isInUse = namespaceCensus();
  return async (one) => {
    const states = one.records.map((record) => isAlive(record, isInUse));
    if (states.includes('alive')) return { state: 'alive', because: 'its namespace is there' };
    if (states.length > 0 && states.every((state) => state === 'dead')) {
      return { state: 'dead', because: 'its network namespace is gone' };
    }
    const addresses = one.leases.map(({ lease }) => lease.address);
    const isFound =
      one.cached.some(({ netns }) => namespaceAt(netns) !== undefined) ||
      (await holders.find(one.containerId, addresses)) !== undefined;
    if (isFound) return { state: 'alive', because: 'its namespace is there' };
    const verdicts = one.leases.map(({ verdict }) => verdict);
    const [first] = verdicts;
    if (first !== undefined && verdicts.every(isDead))
      return { state: 'dead', because: DEAD_BECAUSE[first as Verdict] };
    if (isValid === undefined) return { state: 'unknown', because: 'nobody has its address, which is no proof' };
    if (isValid(one.containerId)) return { state: 'alive', because: 'the runtime names it' };
    if (one.leases.some(({ since }) => Date.now() - since < YOUNG_MS)) {
      return { state: 'unknown', because: 'it may be just being made' };
    }
    return { state: 'dead', because: 'the runtime does not name it, and nobody has its address' };
  };
}
