import { type Address, compareAddresses, formatAddress } from '../addr/address.ts';
import { CniError, ErrorCode, toCniError } from '../types/error.ts';
import { type Choice, chooseNext, chooseRequested } from './choose.ts';
import type { LeaseOwner } from './lease.ts';
import { type Range, type RangeSet, rangeOf } from './range.ts';
import type { LeaseStore } from './store.ts';

/** What an attachment asks for. */
export interface AllocationRequest {
  readonly owner: LeaseOwner;
  /** One address is given from each. */
  readonly rangeSets: readonly RangeSet[];
  /** Addresses that it wants; every one of them has to be had. */
  readonly requested: readonly Address[];
  /** Whether leases whose container is proven dead may be taken when there is nothing else. */
  readonly reclaim: boolean;
  /** `namespace/name` of a pod that is to get the addresses it had last. */
  readonly stickyPod?: string | undefined;
}

/** An address that was leased, and the range it is from. */
export interface Allocated {
  readonly address: Address;
  readonly range: Range;
}

/**
 * Leases an address from each range set: all of them, or none.
 *
 * @example
 * const ips = await withLeases(options, true, (store) => allocate(store, request));
 */
export function allocate(store: LeaseStore, request: AllocationRequest): readonly Allocated[] {
  const choices: Choice[] = [];
  const wanted = [...request.requested];
  try {
    for (const set of request.rangeSets) {
      const index = choices.length;
      choices.push(within(index, () => choose(store, request, set, index, wanted)));
    }
    if (wanted.length > 0) throw leftOver(wanted);
  } catch (thrown) {
    // The reference has given and taken back these by now, and its memory of the last address shows it.
    for (const choice of choices) advance(store, choice);
    throw thrown;
  }
  lease(store, request, choices);
  return choices;
}

function choose(
  store: LeaseStore,
  request: AllocationRequest,
  set: RangeSet,
  index: number,
  wanted: Address[],
): Choice {
  const requested = wanted.length === 0 ? undefined : takeFrom(wanted, set);
  const context = { store, set, index, owner: request.owner, reclaim: request.reclaim };
  if (requested !== undefined) return chooseRequested(context, requested);
  return chooseNext(context, request.stickyPod);
}

/** The first wanted address of a set, which is not wanted any more then. */
function takeFrom(wanted: Address[], set: RangeSet): Address | undefined {
  const at = wanted.findIndex((address) => rangeOf(set, address) !== undefined);
  const [requested] = at === -1 ? [] : wanted.splice(at, 1);
  // The same address may be asked for in several places.
  while (requested !== undefined) {
    const again = wanted.findIndex((address) => compareAddresses(address, requested) === 0);
    if (again === -1) break;
    wanted.splice(again, 1);
  }
  return requested;
}

function lease(store: LeaseStore, { owner, stickyPod }: AllocationRequest, choices: readonly Choice[]): void {
  const addresses: string[] = [];
  for (const { address } of choices) addresses.push(formatAddress(address));
  const stamp = store.announce(owner, addresses);
  const given: string[] = [];
  for (const choice of choices) {
    const address = formatAddress(choice.address);
    try {
      within(given.length, () => {
        advance(store, choice);
        store.folder.write(address, owner, stamp);
      });
      given.push(address);
    } catch (thrown) {
      store.release(
        owner,
        given.map((one) => ({ address: one, owner, path: `${store.folder.path}/${one}` })),
      );
      throw thrown;
    }
  }
  if (stickyPod !== undefined) store.sticky.remember(stickyPod, addresses);
}

function advance(store: LeaseStore, { set, address, isNext }: Choice): void {
  if (isNext) store.folder.writeLastReserved(set, address);
}

/** Says which range set an error is about. */
function within<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const { code, message, details } = toCniError(thrown);
    const why = details === '' ? 'no address was leased' : details;
    throw new CniError(code, `failed to allocate for range ${index}: ${message}`, why, { cause: thrown });
  }
}

function leftOver(wanted: readonly Address[]): CniError {
  return new CniError(
    ErrorCode.internal,
    `failed to allocate all requested IPs: ${wanted.map(formatAddress).join(' ')}`,
    'each requested address needs a range set of its own that contains it (CNI_ARGS "IP", "args.cni.ips", ' +
      '"runtimeConfig.ips"); no address was leased',
  );
}
