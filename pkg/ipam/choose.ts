import { type Address, compareAddresses, formatAddress, parseAddress } from '../addr/address.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { LeaseOwner } from './lease.ts';
import type { Lease } from './lease-folder.ts';
import { isDead, type Verdict } from './liveness.ts';
import { isAllocatable, type Range, type RangeSet, rangeOf, setText } from './range.ts';
import { DEAD_BECAUSE, describeUse, emptySet, howToGetFree } from './report.ts';
import type { LeaseStore } from './store.ts';
import { firstCandidate } from './walk.ts';

/** An address that can be leased now. */
export interface Choice {
  readonly address: Address;
  readonly range: Range;
  /** Index of the range set. */
  readonly set: number;
  /** Whether the next one is to be looked for after it. */
  readonly isNext: boolean;
}

/** What an address is chosen for. */
export interface ChoiceContext {
  readonly store: LeaseStore;
  readonly set: RangeSet;
  readonly index: number;
  readonly owner: LeaseOwner;
  readonly reclaim: boolean;
}

/** After so many taken ones the names of all are read at once: free ones are not near. */
const TRIES_BY_FILE = 32;

/** An address that was asked for. */
export function chooseRequested(context: ChoiceContext, address: Address): Choice {
  const { store, set, index } = context;
  const range = rangeOf(set, address);
  const text = formatAddress(address);
  if (range === undefined) throw notAvailable(context, text, 'it is not in the range set');
  if (compareAddresses(address, range.gateway) === 0) {
    throw new CniError(ErrorCode.internal, `requested ip ${text} is subnet's gateway`, 'ask for another address');
  }
  if (!isAllocatable(range, address)) throw notAvailable(context, text, 'the key "exclude" of its range keeps it back');
  const choice = { address, range, set: index, isNext: true };
  const slot = store.folder.slot(text);
  if (slot.state === 'free') return choice;
  if (slot.state === 'foreign') throw notAvailable(context, text, `${store.folder.path}/${text} is not a file`);
  if (slot.state === 'damaged') {
    warnDamaged(store, `${store.folder.path}/${text}`);
    return choice;
  }
  const lease = { address: text, owner: slot.owner, path: `${store.folder.path}/${text}` };
  const verdict = store.judge(lease);
  if (context.reclaim && isDead(verdict)) {
    reclaim(store, [{ lease, verdict }]);
    return choice;
  }
  throw notAvailable(context, text, `container ${slot.owner.containerId} has it (${verdict})`);
}

/** The address that is next, unless the pod had one that is free. */
export function chooseNext(context: ChoiceContext, stickyPod: string | undefined): Choice {
  refuseDuplicate(context);
  const { store, set, index } = context;
  const last = store.folder.lastReserved(index);
  return (
    previousOf(context, stickyPod) ??
    firstFree(context, last) ??
    firstDamaged(context, last) ??
    firstDead(context, last)
  );

  function previousOf({ store }: ChoiceContext, pod: string | undefined): Choice | undefined {
    for (const text of pod === undefined ? [] : store.sticky.recall(pod)) {
      const address = parseAddress(text);
      const range = address === undefined ? undefined : rangeOf(set, address);
      if (address === undefined || range === undefined || !isAllocatable(range, address)) continue;
      if (store.folder.slot(text).state === 'free') return { address, range, set: index, isNext: false };
    }
    return undefined;
  }
}

/** An attachment that has an address of the set already gets no second one, unless the first is certainly unused. */
function refuseDuplicate({ store, set, owner, reclaim: mayReclaim }: ChoiceContext): void {
  const legacy = { containerId: owner.containerId, ifName: '' };
  const owned = [store.ownedBy(owner), store.ownedBy(legacy)];
  for (const leases of owned) for (const lease of leases) refuseOrReclaim(lease);

  function refuseOrReclaim(lease: Lease): void {
    const address = parseAddress(lease.address);
    if (address === undefined || rangeOf(set, address) === undefined) return;
    const verdict = store.judge(lease);
    if (!mayReclaim || !isDead(verdict)) throw duplicate(lease, verdict);
    reclaim(store, [{ lease, verdict }]);
  }
}

function duplicate({ address, owner, path }: Lease, verdict: Verdict): CniError {
  return new CniError(
    ErrorCode.internal,
    `${address} has been allocated to ${owner.containerId}, duplicate allocation is not allowed`,
    `${path} is the lease of this container and interface (${verdict}); call DEL for it first`,
  );
}

function firstFree({ store, set, index }: ChoiceContext, last: Address | undefined): Choice | undefined {
  let tries = 0;
  let names: ReadonlySet<string> | undefined;
  return firstCandidate(set, last, (address, range) => {
    const text = formatAddress(address);
    if (++tries > TRIES_BY_FILE) names ??= store.folder.names();
    const state = names === undefined ? store.folder.slot(text).state : names.has(text) ? 'leased' : 'free';
    if (state === 'damaged') warnDamaged(store, `${store.folder.path}/${text}`);
    return state === 'free' || state === 'damaged' ? { address, range, set: index, isNext: true } : undefined;
  });
}

/** Only looked for when nothing is free: it takes reading every lease. */
function firstDamaged(context: ChoiceContext, last: Address | undefined): Choice | undefined {
  const { store, set, index } = context;
  const { damaged } = store.content();
  if (damaged.size === 0) return undefined;
  return firstCandidate(set, last, (address, range) => {
    const path = `${store.folder.path}/${formatAddress(address)}`;
    if (!damaged.has(path)) return undefined;
    warnDamaged(store, path);
    return { address, range, set: index, isNext: true };
  });
}

/** Frees what is proven dead and takes the first of it. */
function firstDead(context: ChoiceContext, last: Address | undefined): Choice {
  const { store, set, index } = context;
  const judged = leasesOf(store, set);
  const dead = judged.filter(({ verdict }) => isDead(verdict));
  if (context.reclaim && dead.length > 0) {
    reclaim(store, dead);
    const freed = new Set(dead.map(({ lease }) => lease.address));
    const choice = firstCandidate(set, last, (address, range): Choice | undefined => {
      const text = formatAddress(address);
      const isFree = freed.has(text) && store.folder.slot(text).state === 'free';
      return isFree ? { address, range, set: index, isNext: true } : undefined;
    });
    if (choice !== undefined) return choice;
  }
  const message = `no IP addresses available in range set: ${setText(set)}`;
  const mistake = emptySet(set, `ipam.ranges[${index}]`);
  if (mistake !== undefined) throw new CniError(ErrorCode.invalidConfig, message, mistake);
  throw new CniError(
    ErrorCode.internal,
    message,
    `${describeUse(set, judged)}; ${howToGetFree(store.folder.path, dead.length, context.reclaim)}`,
  );
}

/** A lease and what can be proven about it. */
export interface JudgedLease {
  readonly lease: Lease;
  readonly verdict: Verdict;
}

/** The leases in a set, each judged. */
export function leasesOf(store: LeaseStore, set: RangeSet): readonly JudgedLease[] {
  const judged: JudgedLease[] = [];
  for (const lease of store.content().leases.values()) {
    const address = parseAddress(lease.address);
    if (address === undefined || rangeOf(set, address) === undefined) continue;
    judged.push({ lease, verdict: store.judge(lease) });
  }
  return judged;
}

function reclaim(store: LeaseStore, dead: readonly JudgedLease[]): void {
  for (const { lease, verdict } of dead) {
    const { owner } = lease;
    store.release(owner, [lease]);
    const who = `container ${owner.containerId}${owner.ifName === '' ? '' : ` (${owner.ifName})`}`;
    store.warn(`reclaimed ${lease.address} from ${who}: ${DEAD_BECAUSE[verdict]}`);
  }
}

function warnDamaged(store: LeaseStore, path: string): void {
  store.warn(`${path} is empty or damaged and names no container: the address is taken as free`);
}

function notAvailable({ set }: ChoiceContext, address: string, why: string): CniError {
  return new CniError(
    ErrorCode.internal,
    `requested IP address ${address} is not available in range set ${setText(set)}`,
    `${why}; ask for another address`,
  );
}
