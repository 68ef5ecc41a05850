import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import type { RestoreContext } from '../../pkg/skel/plugin.ts';
import { type Attachment, attachmentKey, isSameAttachment } from '../../pkg/types/attachment.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { namesOf } from '../../pkg/types/names-of.ts';
import type { Claim } from './claim.ts';
import type { Conflict, PortClaims } from './claims.ts';
import type { PortMapping } from './mapping.ts';
import { othersIn, targetOf } from './notes.ts';
import type { Target } from './target.ts';

/** Of thousands the first ones tell enough. */
const MOST_NAMED = 10;

/** An owner whose ports go to another one. */
export interface Evicted {
  readonly claim: Claim;
  readonly record: AttachmentRecord | undefined;
  readonly target: Target;
}

/** What has to go of owners that are in nobody's way any more. */
export function evictedFrom(claims: readonly Claim[], records: RecordStore): readonly Evicted[] {
  const evicted: Evicted[] = [];
  const leaving = new Set(claims.map(attachmentKey));
  for (const claim of claims) {
    const known = records.readForContainer(claim.containerId).records;
    // Those that go as well need nothing to stay.
    const staying = known.filter((record) => !leaving.has(attachmentKey(record)));
    const record = known.find((one) => one.plugin === 'portmap' && isSameAttachment(one, claim));
    evicted.push({ claim, record, target: record ? targetOf(record, staying) : unknownTarget(claim, staying) });
  }
  return evicted;
}

/** What has to go of an attachment that has no record: whatever its names lead to. */
export function unknownTarget(owner: Attachment, records: readonly AttachmentRecord[]): Target {
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
  claims: PortClaims,
  { records, warn }: RestoreContext,
): Promise<void> {
  const former = evicted.flatMap(({ target }) => target.forwarding?.mappings ?? []);
  const owners = evicted.map(({ claim }) => claim);
  await claims.release(owners, [...mappings, ...former]);
  for (const { claim, record } of evicted) {
    const warning = record === undefined ? undefined : records.remove(record);
    warn(`portmap: ${warning ?? `took over what ${describeOwner(claim)} had, which is gone or replaced`}`);
  }
}

/** Refuses ports that living containers have; none is fine. */
export function refuseConflicts([first, ...others]: readonly Conflict[]): void {
  if (first === undefined) return;
  const { port, claim } = first;
  const also = others
    .slice(0, MOST_NAMED)
    .map((conflict) => `also ${portName(conflict.port)}: ${describeOwner(conflict.claim)}`);
  if (others.length > MOST_NAMED) also.push(`and ${others.length - MOST_NAMED} more`);
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
  return namesOf(hostIps.map((address) => (address === '' ? 'all addresses' : address)));
}
