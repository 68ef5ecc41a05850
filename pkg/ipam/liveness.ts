import type { NamespaceCensus } from '../record/census.ts';
import { isAlive, type RecordStore } from '../record/store.ts';
import { statusOf } from '../sys/files/files.ts';
import type { Boot } from './boot.ts';
import type { Lease } from './lease-folder.ts';
import type { LeaseIndex } from './lease-index.ts';

/** What can be said about the container that a lease was given to; the two in the middle are proofs of its death. */
export type Verdict = 'alive' | 'before-boot' | 'namespace-gone' | 'unknown';

/** Where the proofs are. */
export interface Evidence {
  readonly network: string;
  readonly boot: Boot;
  readonly records: RecordStore;
  readonly index: LeaseIndex;
  readonly isInUse: NamespaceCensus;
}

/** A record is written before the address is asked for; a lease this much younger belongs to a later attachment. */
const RECORD_LEAD_MS = 60_000;

/** Whether a verdict is proof that nobody uses the address any more. */
export function isDead(verdict: Verdict): verdict is 'before-boot' | 'namespace-gone' {
  return verdict === 'before-boot' || verdict === 'namespace-gone';
}

/** Judges a lease. What cannot be proven is unknown, and an unknown lease may well be in use. */
export function judge(lease: Lease, evidence: Evidence): Verdict {
  const status = statusOf(lease.path);
  if (status === undefined) return 'unknown';
  const mtimeMs = Number(status.mtimeNs) / 1_000_000;
  const namespace = judgeNamespace(lease, mtimeMs, evidence);
  if (namespace === 'alive') return namespace;
  return isFromBeforeBoot(lease, mtimeMs, evidence) ? 'before-boot' : namespace;
}

function judgeNamespace({ owner }: Lease, mtimeMs: number, evidence: Evidence): Verdict {
  const records = evidence.records
    .readForContainer(owner.containerId)
    .records.filter(
      (record) => record.network === evidence.network && (owner.ifName === '' || record.ifName === owner.ifName),
    );
  const states = records.map((record) => ({ record, state: isAlive(record, evidence.isInUse) }));
  if (states.some(({ state }) => state === 'alive')) return 'alive';
  // The same container may have been attached again since, by plugins that keep no records.
  const areDead = states.every(({ record, state }) => {
    return state === 'dead' && mtimeMs <= Date.parse(record.time) + RECORD_LEAD_MS;
  });
  return records.length > 0 && areDead ? 'namespace-gone' : 'unknown';
}

function isFromBeforeBoot({ owner }: Lease, mtimeMs: number, { boot, index }: Evidence): boolean {
  const hint = index.read(owner);
  const given = hint === undefined || hint === 'damaged' ? undefined : hint.given;
  // The boot's own name needs no clock; the times below are for leases that other programs wrote.
  if (given !== undefined && boot.id !== '' && Math.abs(given.stamp - mtimeMs) < 1) return given.bootId !== boot.id;
  const notBefore = boot.notBefore();
  return notBefore !== undefined && mtimeMs < notBefore;
}
