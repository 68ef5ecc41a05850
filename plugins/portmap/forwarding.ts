import { type Family, formatAddress, parseAddress } from '../../pkg/addr/address.ts';
import { parsePrefix } from '../../pkg/addr/prefix.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { PortMapping } from './mapping.ts';
import type { PortmapSettings } from './settings.ts';

/** All that the rules of an attachment follow from, besides its name. */
export interface Forwarding {
  readonly mappings: readonly PortMapping[];
  /** The container's addresses with prefix lengths: at most one of each family. */
  readonly addresses: readonly string[];
  readonly snat: boolean;
  readonly masqAll: boolean;
  readonly markBit: number;
  readonly externalSetMarkChain: string;
  readonly conditionsV4: readonly string[];
  readonly conditionsV6: readonly string[];
}

/** What of it is one family's. */
export interface FamilyForwarding {
  readonly family: Family;
  /** `10.1.2.3` */
  readonly address: string;
  /** `10.1.2.3/16` */
  readonly prefix: string;
  /** The mappings that lead there. */
  readonly mappings: readonly PortMapping[];
  readonly conditions: readonly string[];
}

/** Whose rules they are. */
export type RuleKey = Pick<Attachment, 'network' | 'containerId'>;

/** What is to be forwarded, to the container's first address of each family. */
export function forwardingOf(
  settings: PortmapSettings,
  mappings: readonly PortMapping[],
  result: Result,
  ifName: string,
): Forwarding {
  const { snat, masqAll, markBit, externalSetMarkChain, conditionsV4, conditionsV6 } = settings;
  const addresses = containerAddresses(result, ifName);
  return { mappings, addresses, snat, masqAll, markBit, externalSetMarkChain, conditionsV4, conditionsV6 };
}

/** The first address of each family that the interface has, or that no interface is named for; IPv4 comes first. */
export function containerAddresses(result: Result, ifName: string): readonly string[] {
  const found: (string | undefined)[] = [undefined, undefined];
  for (const { address, interface: index } of result.ips ?? []) {
    const owner = index === undefined || index < 0 ? undefined : result.interfaces?.[index];
    if (owner !== undefined && (owner.name !== ifName || !owner.sandbox)) continue;
    const place = address.includes(':') ? 1 : 0;
    found[place] ??= address;
  }
  const addresses: string[] = [];
  for (const address of found) if (address !== undefined) addresses.push(address);
  return addresses;
}

/** The families that have an address. */
export function familiesIn(
  forwarding: Pick<Forwarding, 'addresses' | 'mappings'> & Partial<Pick<Forwarding, 'conditionsV4' | 'conditionsV6'>>,
): readonly FamilyForwarding[] {
  const families: FamilyForwarding[] = [];
  for (const prefix of forwarding.addresses) {
    const parsed = parsePrefix(prefix);
    if (parsed === undefined) continue;
    const { family } = parsed.address;
    families.push({
      family,
      address: formatAddress(parsed.address),
      prefix,
      mappings: mappingsFor(family, forwarding.mappings),
      conditions: (family === 4 ? forwarding.conditionsV4 : forwarding.conditionsV6) ?? [],
    });
  }
  return families;
}

/** Whether an address stands for all of its family. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Those of another family's address lead nowhere in this one. */
function mappingsFor(family: Family, mappings: readonly PortMapping[]): readonly PortMapping[] {
  const own: PortMapping[] = [];
  for (const mapping of mappings) {
    if (mapping.hostIp === '' || parseAddress(mapping.hostIp)?.family === family) own.push(mapping);
  }
  return own;
}

/** `10.1.2.3:80`, `[fd00::2]:80` */
export function socketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
