import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Claim, Owner } from './claim.ts';
import type { Conflict, PortClaims } from './claims.ts';
import type { PortMapping } from './mapping.ts';
import { notesOf, othersIn, targetOf } from './notes.ts';
import type { Target } from './target.ts';

/** An owner whose ports go to another one. */
export interface Evicted {
  readonly claim: Claim;
  readonly record: AttachmentRecord | undefined;
  readonly target: Target;
}

/** What has to go of owners that are in nobody's way any more. */
export function evictedFrom(claims: readonly Claim[], records: RecordStore): readonly Evicted[] {
  const evicted: Evicted[] = [];
  for (const claim of claims) {
    const known = records.readForContainer(claim.containerId).records;
    // Those that go as well need nothing to stay.
    const staying = known.filter((record) => !claims.some((other) => isSame(record, other)));
    const record = known.find((one) => one.plugin === 'portmap' && isSame(one, claim));
    evicted.push({ claim, record, target: record ? targetOf(record, staying) : unknownTarget(claim, staying) });
  }
  return evicted;
}

/** What has to go of an attachment that has no record: whatever its names lead to. */
export function unknownTarget(owner: Owner, records: readonly AttachmentRecord[]): Target {
  const { network, containerId } = owner;
  const others = othersIn(records, owner);
  return {
    network,
    containerId,
    backends: ['iptables', 'nftables'],
    forwarding: undefined,
    addresses: undefined,
    others,
  };
}

/** The ports of evicted owners are theirs no more. Whatever fails here is only told. */
export async function forgetEvicted(
  evicted: readonly Evicted[],
  mappings: readonly PortMapping[],
  { claims, records, warn }: { claims: PortClaims; records: RecordStore; warn: (line: string) => void },
): Promise<void> {
  for (const { claim, record } of evicted) {
    const former = record === undefined ? undefined : notesOf(record.data).forwarding?.mappings;
    await claims.release(claim, [...mappings, ...(former ?? [])]);
    const warning = record === undefined ? undefined : records.remove(record);
    warn(`portmap: ${warning ?? `took over what ${describeOwner(claim)} had, which is gone or replaced`}`);
  }
}

/** Refuses ports that living containers have; none is fine. */
export function refuseConflicts([first, ...others]: readonly Conflict[]): void {
  if (first === undefined) return;
  const { port, claim } = first;
  const also = others.map((conflict) => `also ${portName(conflict.port)}: ${describeOwner(conflict.claim)}`);
  const details = [
    `found: ${describeOwner(claim)} has it on ${addressesOf(claim)} and is still there (${claim.netns.path})`,
    ...also,
    'expected: a port that nobody has',
    'stop that container, or choose another hostPort or hostIP; "conflicts": "allow" in the configuration adds the ' +
      'mapping all the same, and then the older one gets the packets',
  ];
  const message = `host port ${portName(port)} is already mapped to container ${claim.containerId}`;
  throw new CniError(ErrorCode.internal, message, details.join('; '));
}

function isSame(record: AttachmentRecord, { containerId, network, ifName }: Owner): boolean {
  return record.containerId === containerId && record.network === network && record.ifName === ifName;
}

/** `tcp-8080` as people write it. */
function portName(port: string): string {
  const [protocol, number] = port.split('-');
  return `${number}/${protocol}`;
}

function describeOwner({ containerId, ifName, network, pod }: Claim): string {
  const name = pod === undefined ? '' : ` (pod ${pod.namespace}/${pod.name})`;
  return `container ${containerId}${name}, interface ${ifName} in network ${network}`;
}

function addressesOf({ hostIps }: Claim): string {
  return hostIps.map((address) => (address === '' ? 'all addresses' : address)).join(', ');
}
