import type { RecordedNetns, RecordedPod } from '../../pkg/record/record.ts';
import { type Attachment, attachmentKey, isSameAttachment } from '../../pkg/types/attachment.ts';
import { isUnspecified } from './forwarding.ts';
import type { PortMapping } from './mapping.ts';

/** What is noted about a port that somebody has. */
export interface Claim extends Attachment {
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

/** An attachment and the namespace that it was made in, as one text: it may have been made anew in another one since. */
export function holderKey(claim: Omit<Claim, 'hostIps'>): string {
  const { bootId, netns } = claim;
  return `${attachmentKey(claim)} ${bootId} ${netns.dev} ${netns.ino} ${netns.path}`;
}

/** The claims of others. */
export function without(claims: readonly Claim[], owner: Attachment): Claim[] {
  const others: Claim[] = [];
  for (const claim of claims) if (!isSameAttachment(claim, owner)) others.push(claim);
  return others;
}

/** Addresses of the host, so that asking for one does not go through all. */
export class AddressSet {
  readonly #addresses: ReadonlySet<string>;
  #hasV4 = false;
  #hasV6 = false;

  constructor(addresses: readonly string[]) {
    this.#addresses = new Set(addresses);
    for (const address of addresses) {
      if (isV6(address)) this.#hasV6 = true;
      else if (address !== '') this.#hasV4 = true;
    }
  }

  /** Whether a packet can be for one of these and for one of others. */
  overlaps(others: readonly string[]): boolean {
    for (const other of others) if (this.meets(other)) return true;
    return false;
  }

  /** Whether a packet can be for one of these and for another one. */
  meets(address: string): boolean {
    const own = this.#addresses;
    if (address === '') return own.size > 0;
    if (own.has(address) || own.has('')) return true;
    const isOfV6 = isV6(address);
    if (isUnspecified(address)) return isOfV6 ? this.#hasV6 : this.#hasV4;
    return own.has(isOfV6 ? '::' : '0.0.0.0');
  }
}

function isV6(address: string): boolean {
  return address.includes(':');
}

/** Whether a packet can be for both addresses. */
export function meet(one: string, other: string): boolean {
  return new AddressSet([one]).meets(other);
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
  return areTexts(hostIps) && typeof netns === 'object' && netns !== null;
}

function areTexts(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  for (const element of value) if (typeof element !== 'string') return false;
  return true;
}
