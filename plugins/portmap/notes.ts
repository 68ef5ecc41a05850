import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { type Forwarding, familiesIn } from './forwarding.ts';
import { isPort, type PortMapping, protocolNamed } from './mapping.ts';
import type { Neighbour, Target } from './target.ts';

/** What is noted about an attachment before the kernel is changed. */
export interface PortmapNotes {
  /** Who may have made the rules. */
  readonly backends: readonly MasqueradeBackend[];
  /** All that the rules follow from; `undefined` when the note is damaged. */
  readonly forwarding: Forwarding | undefined;
}

/** The notes in a record; what is missing or of another type is as if nothing were known. */
export function notesOf(data: Readonly<JsonObject>): PortmapNotes {
  const named = textsIn(data['backends']);
  const backends: MasqueradeBackend[] = [];
  for (const name of named) if (name === 'iptables' || name === 'nftables') backends.push(name);
  return {
    backends: backends.length > 0 ? backends : ['iptables', 'nftables'],
    forwarding: forwardingIn(data['forwarding']),
  };
}

/** What has to go of the attachment that a record is about. */
export function targetOf(record: AttachmentRecord, neighbours: readonly AttachmentRecord[]): Target {
  const { network, containerId } = record;
  const { backends, forwarding } = notesOf(record.data);
  let addresses: string[] | undefined;
  if (forwarding !== undefined) {
    addresses = [];
    for (const { address } of familiesIn(forwarding)) addresses.push(address);
  }
  return { network, containerId, backends, forwarding, addresses, others: othersIn(neighbours, record) };
}

/** The other attachments of the same container, by their records. */
export function othersIn(
  records: readonly AttachmentRecord[],
  { network, ifName }: Pick<AttachmentRecord, 'network' | 'ifName'>,
): readonly Neighbour[] {
  const others: Neighbour[] = [];
  for (const other of records) {
    if (other.plugin !== 'portmap' || (other.network === network && other.ifName === ifName)) continue;
    const { forwarding } = notesOf(other.data);
    if (forwarding !== undefined) others.push({ network: other.network, containerId: other.containerId, forwarding });
  }
  return others;
}

function forwardingIn(value: unknown): Forwarding | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { mappings, addresses, snat, masqAll, markBit, externalSetMarkChain, conditionsV4, conditionsV6 } =
    value as JsonObject;
  const read = mappingsIn(mappings);
  if (read === undefined || typeof markBit !== 'number' || typeof externalSetMarkChain !== 'string') return undefined;
  return {
    mappings: read,
    addresses: textsIn(addresses),
    snat: snat === true,
    masqAll: masqAll === true,
    markBit,
    externalSetMarkChain,
    conditionsV4: textsIn(conditionsV4),
    conditionsV6: textsIn(conditionsV6),
  };
}

function mappingsIn(value: unknown): PortMapping[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const mappings: PortMapping[] = [];
  for (const element of value) {
    if (typeof element !== 'object' || element === null) return undefined;
    const { protocol, hostPort, containerPort, hostIp } = element as JsonObject;
    const known = typeof protocol === 'string' ? protocolNamed(protocol) : undefined;
    if (known === undefined || typeof hostIp !== 'string') return undefined;
    if (typeof hostPort !== 'number' || typeof containerPort !== 'number') return undefined;
    if (!isPort(hostPort) || !isPort(containerPort)) return undefined;
    mappings.push({ protocol: known, hostPort, containerPort, hostIp });
  }
  return mappings;
}

function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  if (!Array.isArray(value)) return texts;
  for (const element of value) if (typeof element === 'string') texts.push(element);
  return texts;
}
