import type { ShownLink } from '../../pkg/attach/links.ts';
import { isObject } from '../../pkg/json/decode.ts';
import { linkNamed } from './links.ts';

/**
 * What a device is, whatever a container that had it wrote on it: names, aliases and MACs are as easily changed as put on
 * another link.
 */
export interface DeviceIdentity {
  /** Kind of a link that is made by software; '' for hardware, which nobody in a container can make. */
  readonly kind: string;
  /** '' where there is none. */
  readonly permanentMac: string;
  /** Bus and name of the device that it is a part of, as in `pci/0000:03:00.0`; '' where the kernel does not say. */
  readonly parent: string;
  /** Index on the host of the link below or at the other end; 0 for none, below 0 for one that is not on the host. */
  readonly lower: number;
}

/** How a device may be told from others that are like it. */
export interface Marks {
  /** Its name on the host, which it has as an alias as well. */
  readonly device: string;
  /** Further names that it may have; '' for none. */
  readonly ifName: string;
  /** Names of links that are noted as another attachment's. */
  readonly claimed: readonly string[];
}

/** For a link below that is in the container as well. */
const IN_CONTAINER = -1;
/** For one that is in any other namespace: indices are counted in each, so its own says nothing. */
const ELSEWHERE = -2;

/** The identity of a link of the host. */
export function identityOnHost(link: ShownLink, links: readonly ShownLink[]): DeviceIdentity {
  const isElsewhere = link.link_index !== undefined;
  return identityOf(link, isElsewhere ? ELSEWHERE : (linkNamed(links, link.link ?? '')?.ifindex ?? 0));
}

/**
 * Links of a container, those that lead to another namespace than the host's marked as such.
 *
 * @param hostId the number by which the container's namespace knows the host's
 */
export function seenFromHost(links: readonly ShownLink[], hostId: number | undefined): readonly ShownLink[] {
  return links.map((link) => {
    const isOnHost = link.link_index === undefined || link.link_netnsid === hostId;
    return isOnHost ? link : { ...link, link_index: ELSEWHERE };
  });
}

function identityInside(link: ShownLink): DeviceIdentity {
  return identityOf(link, link.link_index ?? (typeof link.link === 'string' ? IN_CONTAINER : 0));
}

function identityOf(link: ShownLink, lower: number): DeviceIdentity {
  const { linkinfo, permaddr, parentbus = '', parentdev, address } = link;
  const kind = linkinfo?.info_kind ?? '';
  return {
    kind,
    // It is shown only while it is not the address. What software makes has none.
    permanentMac: permaddr ?? (kind === '' ? address : ''),
    parent: parentdev === undefined ? '' : `${parentbus}/${parentdev}`,
    lower,
  };
}

/** The identity in a record; `undefined` in one of an older version. */
export function readIdentity(value: unknown): DeviceIdentity | undefined {
  if (!isObject(value)) return undefined;
  const { kind, permanentMac, parent, lower } = value;
  if (typeof kind !== 'string' || typeof permanentMac !== 'string' || typeof parent !== 'string') return undefined;
  return typeof lower === 'number' ? { kind, permanentMac, parent, lower } : undefined;
}

/** Whether a link of the host is the only one that can be this device. */
export function isItOnHost(identity: DeviceIdentity, link: ShownLink, links: readonly ShownLink[]): boolean {
  return isUnique(identity) && isSame(identity, identityOnHost(link, links));
}

/** Hardware there is once, and a pair has one other end; of other kinds there may be several on one link. */
function isUnique({ kind, lower }: DeviceIdentity): boolean {
  return kind === '' || (kind === 'veth' && lower > 0);
}

function isSame(one: DeviceIdentity, other: DeviceIdentity): boolean {
  return isAlike(one, other) && one.permanentMac === other.permanentMac && one.lower === other.lower;
}

function isAlike(one: DeviceIdentity, other: DeviceIdentity): boolean {
  return one.kind === other.kind && one.parent === other.parent;
}

/** Whether a link of the host may be this device: one without a permanent MAC may have been given another one. */
export function mayBeItOnHost(identity: DeviceIdentity, link: ShownLink, links: readonly ShownLink[]): boolean {
  const found = identityOnHost(link, links);
  return isSame(identity, found) || (isAlike(identity, found) && link.permaddr === undefined);
}

/** The device among the links of the host, to which it fell back. */
export function recognizeOnHost(
  identity: DeviceIdentity,
  links: readonly ShownLink[],
  marks: Marks,
): ShownLink | undefined {
  return recognize(
    identity,
    links,
    marks,
    (link) => identityOnHost(link, links),
    () => true,
  );
}

/** The device among the links of its container. A link whose other end is in the container was made there. */
export function recognizeInside(
  identity: DeviceIdentity,
  links: readonly ShownLink[],
  marks: Marks,
): ShownLink | undefined {
  const isFromOutside = ({ lower }: DeviceIdentity): boolean => {
    return identity.lower > 0 ? lower > 0 : lower === identity.lower;
  };
  return recognize(identity, links, marks, identityInside, isFromOutside);
}

function recognize(
  identity: DeviceIdentity,
  links: readonly ShownLink[],
  marks: Marks,
  identify: (link: ShownLink) => DeviceIdentity,
  mayBe: (found: DeviceIdentity) => boolean,
): ShownLink | undefined {
  const same = links.filter((link) => isSame(identity, identify(link)));
  if (same.length === 1 && isUnique(identity)) return same[0];
  if (same.length > 0) return marked(same, marks);
  // Hardware without a permanent MAC may have been given another one, and the other end of a pair been moved.
  const alike = links.filter((link) => {
    const found = identify(link);
    return isAlike(identity, found) && mayBe(found) && link.permaddr === undefined;
  });
  return marked(alike, marks);
}

/**
 * The device among the links of its container, where nothing tells what it is: the reference moved it there, or an older
 * version. Hardware always comes from the host. What software makes may be made in the container, but with its other end
 * somewhere else only from outside; and what has no other end can do no harm.
 *
 * @param mac what it had
 */
export function guessInside(links: readonly ShownLink[], marks: Marks, mac: string): ShownLink | undefined {
  const possible = links.filter((link) => {
    const { kind, lower } = identityInside(link);
    return kind === '' || lower > 0 || (lower === 0 && link.address === mac);
  });
  return marked(possible, marks);
}

function marked(links: readonly ShownLink[], { device, ifName, claimed }: Marks): ShownLink | undefined {
  const free = links.filter(({ ifname }) => !claimed.includes(ifname));
  const byMark = device === '' ? undefined : free.find(({ ifalias }) => ifalias === device);
  return byMark ?? linkNamed(free, ifName);
}
