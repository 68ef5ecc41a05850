import { parseAddress } from '../../pkg/addr/address.ts';
import type { RecordedNetns, RecordedPod } from '../../pkg/record/record.ts';
import { isUnspecified } from './forwarding.ts';
import type { PortMapping } from './mapping.ts';

/** An attachment, as the owner of ports. */
export interface Owner {
  readonly containerId: string;
  readonly ifName: string;
  readonly network: string;
}

/** What is noted about a port that somebody has. */
export interface Claim extends Owner {
  /** The host's addresses that count; '' for all of both families. */
  readonly hostIps: readonly string[];
  readonly bootId: string;
  readonly netns: RecordedNetns;
  readonly pod?: RecordedPod;
}

/** The ports of some mappings, `tcp-8080`, each with the addresses that count. */
export function addressesOfPorts(mappings: readonly PortMapping[]): ReadonlyMap<string, readonly string[]> {
  const ports = new Map<string, string[]>();
  for (const { protocol, hostPort, hostIp } of mappings) {
    const port = `${protocol}-${hostPort}`;
    const addresses = ports.get(port);
    if (addresses === undefined) ports.set(port, [hostIp]);
    else addresses.push(hostIp);
  }
  return ports;
}

/** The claims of others. */
export function without(claims: readonly Claim[], owner: Owner): Claim[] {
  const others: Claim[] = [];
  for (const claim of claims) {
    const { containerId, ifName, network } = claim;
    if (containerId === owner.containerId && ifName === owner.ifName && network === owner.network) continue;
    others.push(claim);
  }
  return others;
}

/** Whether a packet can be for one of some addresses and for one of others. */
export function overlap(some: readonly string[], others: readonly string[]): boolean {
  for (const one of some) for (const other of others) if (meet(one, other)) return true;
  return false;
}

/** Whether a packet can be for both addresses. */
export function meet(one: string, other: string): boolean {
  if (one === '' || other === '' || one === other) return true;
  if (!isUnspecified(one) && !isUnspecified(other)) return false;
  return parseAddress(one)?.family === parseAddress(other)?.family;
}

/** The claims in a file's text; what is damaged is left out. */
export function decodeClaims(text: string): readonly Claim[] {
  if (text === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const claims: Claim[] = [];
  if (Array.isArray(value)) for (const element of value) if (isClaim(element)) claims.push(element);
  return claims;
}

function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false;
  const { containerId, ifName, network, bootId, netns, hostIps } = value as Partial<Record<keyof Claim, unknown>>;
  const texts = [containerId, ifName, network, bootId];
  for (const text of texts) if (typeof text !== 'string') return false;
  return Array.isArray(hostIps) && typeof netns === 'object' && netns !== null;
}
