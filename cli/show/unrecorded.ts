import { attachmentInAlias, isOwnAlias } from '../../pkg/attach/identity.ts';
import { addressesOf, type ShownLink } from '../../pkg/attach/links.ts';
import { leasedNetworks, surveyLeases } from '../../pkg/ipam/survey.ts';
import { readCaches } from '../../pkg/libcni/cache.ts';
import type { HolderSearch } from '../../pkg/libcni/holder.ts';
import { namespaceAt, type SeenNetns, seenNamespaces } from '../../pkg/record/seen.ts';
import { recordFolder } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { type Attachment, isSameAttachment } from '../../pkg/types/attachment.ts';
import { leaseFolders } from '../leases/folders.ts';
import { type HostLinks, hostEndOf, isUp, linksAt, masterOf } from './look.ts';
import type { ShownAttachment } from './picture.ts';

/** Who an interface of a container may be, by what the reference's files say; the interface is '' where they do not. */
interface Noted extends Attachment {
  /** The number of the namespace; `undefined` where only the address tells. */
  readonly ino?: bigint;
  readonly address?: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
}

/**
 * Attachments without a record: those of the reference plugins, put together from the links in containers and from what
 * libcni's cache and leases say of them, and links of this suite whose record is lost.
 */
export async function unrecorded(
  environment: Environment,
  links: HostLinks,
  known: readonly ShownAttachment[],
  holders: HolderSearch,
): Promise<readonly ShownAttachment[]> {
  const isKnown = (one: Noted, ifName: string) => known.some((other) => isSameAttachment(other, { ...one, ifName }));
  const noted = [...inCaches(), ...(await inLeases(environment))];
  const found: ShownAttachment[] = [];
  for (const seen of seenNamespaces()) {
    for (const inside of await linksInSight(seen.path)) {
      const own = noted.find((one) => isAbout(one, seen, inside));
      if (own === undefined || isKnown(own, inside.ifname)) continue;
      // The cache does not say when.
      const since = noted.find((one) => one.since !== undefined && isAbout(one, seen, inside))?.since;
      found.push(
        await foreignAttachment({ ...own, ...(since === undefined ? {} : { since }) }, seen, inside, links, holders),
      );
    }
  }
  return [...found, ...byAlias(links, [...known, ...found])];
}

/** A container that has made more links than can be listed must not hide the others. */
async function linksInSight(path: string): Promise<readonly ShownLink[]> {
  try {
    return await linksAt(path);
  } catch {
    return [];
  }
}

function inCaches(): readonly Noted[] {
  return readCaches().attachments.map(({ network, containerId, ifName, netns }) => {
    const ino = namespaceAt(netns)?.identity.ino;
    return { network, containerId, ifName, ...(ino === undefined ? {} : { ino }) };
  });
}

async function inLeases(environment: Environment): Promise<readonly Noted[]> {
  const folders = await leaseFolders(environment, undefined);
  return folders.flatMap((dataDir) =>
    leasedNetworks(dataDir).flatMap((network) => {
      const leases = surveyLeases({ dataDir, network, recordFolder: recordFolder(environment), warn: () => {} });
      return leases.map(({ lease: { address, owner }, since }) => ({ network, ...owner, address, since }));
    }),
  );
}

function isAbout({ ino, ifName, address }: Noted, { identity }: SeenNetns, inside: ShownLink): boolean {
  if (ino !== undefined) return ino === identity.ino && ifName === inside.ifname;
  const isNamed = ifName === '' || ifName === inside.ifname;
  return isNamed && inside.addr_info?.some(({ local }) => local === address) === true;
}

async function foreignAttachment(
  { network, containerId, since }: Noted,
  seen: SeenNetns,
  inside: ShownLink,
  links: HostLinks,
  holders: HolderSearch,
): Promise<ShownAttachment> {
  const pod = holders.podOf(containerId);
  const end = await hostEndOf(links, seen, inside);
  const master = masterOf(links, inside);
  return {
    network,
    containerId,
    ifName: inside.ifname,
    ...(pod === undefined ? {} : { pod }),
    netns: seen.path,
    state: 'alive',
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    hostLink: end?.ifname ?? '',
    hostLinkUp: isUp(end),
    ...(master === undefined ? {} : { master }),
    addresses: addressesOf(inside),
    mac: inside.address,
    ports: [],
    plugins: [],
    problems: [],
  };
}

/** Links that say whose they are, when their record is lost. */
function byAlias(links: HostLinks, known: readonly ShownAttachment[]): readonly ShownAttachment[] {
  const found: ShownAttachment[] = [];
  for (const link of links.all) {
    if (!isOwnAlias(link.ifalias) || known.some(({ hostLink }) => hostLink === link.ifname)) continue;
    const name = attachmentInAlias(link.ifalias);
    if (name === undefined) continue;
    const problems = ['its record is lost: addresses, ports and age are not known'];
    const nothing = { netns: '', addresses: [], mac: '', ports: [], plugins: [] };
    const own = { hostLink: link.ifname, hostLinkUp: isUp(link), state: 'unknown' as const, problems };
    found.push({ ...name, ...nothing, ...own });
  }
  return found;
}
