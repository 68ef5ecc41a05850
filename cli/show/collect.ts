import { attachmentInAlias, isOwnAlias } from '../../pkg/attach/identity.ts';
import { addressesOf, type ShownLink } from '../../pkg/attach/links.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isAlive, RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { notesOf as bridgeNotes } from '../../plugins/bridge/notes.ts';
import { notesOf as portNotes } from '../../plugins/portmap/notes.ts';
import { containerLink, type HostLinks, hostLinks, isUp } from './look.ts';
import { type NodePicture, nameOf, type ShownAttachment } from './picture.ts';

/** What there is, and what could not be read. */
export interface Collected {
  readonly picture: NodePicture;
  readonly warnings: readonly string[];
}

/** Puts a node's attachments together from the records and the kernel. */
export async function collect(environment: Environment): Promise<Collected> {
  const { records, warnings } = new RecordStore(recordFolder(environment)).readAll();
  const links = await hostLinks();
  const isInUse = namespaceCensus();
  const attachments: ShownAttachment[] = [];
  for (const own of grouped(records)) attachments.push(await attachmentOf(own, links, isAlive(own[0], isInUse)));
  attachments.push(...unrecorded(links, attachments));
  attachments.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const isOn = (bridge: string, { hostLink }: ShownAttachment) => links.named(hostLink)?.master === bridge;
  const bridges = links.bridges.map((link) => {
    const own = attachments.filter((one) => isOn(link.ifname, one));
    const others = links.portsOf(link.ifname).filter(({ ifname }) => !own.some(({ hostLink }) => hostLink === ifname));
    return {
      name: link.ifname,
      addresses: addressesOf(link),
      isUp: isUp(link),
      mtu: link.mtu,
      attachments: own,
      otherPorts: others.map(({ ifname }) => ifname),
    };
  });
  const others = attachments.filter((one) => !bridges.some((bridge) => bridge.attachments.includes(one)));
  const host = process.getBuiltinModule('node:os').hostname();
  return { picture: { host, bridges, others }, warnings };
}

type Group = readonly [AttachmentRecord, ...AttachmentRecord[]];

/** The records of all plugins about one attachment. */
function grouped(records: readonly AttachmentRecord[]): readonly Group[] {
  const groups = new Map<string, [AttachmentRecord, ...AttachmentRecord[]]>();
  for (const record of records) {
    const key = `${record.network}/${record.containerId}/${record.ifName}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [record]);
    else known.push(record);
  }
  return [...groups.values()];
}

async function attachmentOf(group: Group, links: HostLinks, state: ShownAttachment['state']): Promise<ShownAttachment> {
  const [first] = group;
  const { network, containerId, ifName, netns } = first;
  // Main plugins note their host's end under the same key.
  const main = group.find(({ data }) => typeof data['hostLink'] === 'string');
  const notes = main && bridgeNotes(main.data);
  const portmap = group.find(({ plugin }) => plugin === 'portmap');
  const inside = state === 'alive' ? await containerLink(netns.path, ifName) : undefined;
  const pod = group.find((record) => record.pod !== undefined)?.pod;
  const hostLink = links.named(notes?.hostLink ?? '');
  return {
    network,
    containerId,
    ifName,
    ...(pod === undefined ? {} : { pod }),
    netns: netns.path,
    state,
    since: group.map(({ time }) => time).sort()[0] ?? first.time,
    hostLink: notes?.hostLink ?? '',
    hostLinkUp: isUp(hostLink),
    addresses: inside === undefined ? (notes?.addresses ?? []) : addressesOf(inside),
    mac: inside?.address ?? notes?.mac ?? '',
    ports: portmap === undefined ? [] : (portNotes(portmap.data).forwarding?.mappings ?? []),
    plugins: group.map(({ plugin }) => plugin).sort(),
    problems: problemsOf(state, ifName, notes, hostLink, inside),
  };
}

function problemsOf(
  state: ShownAttachment['state'],
  ifName: string,
  notes: ReturnType<typeof bridgeNotes> | undefined,
  hostLink: ShownLink | undefined,
  inside: ShownLink | undefined,
): readonly string[] {
  if (state === 'dead') return ['its namespace is gone; the next GC or DEL clears it away'];
  const problems: string[] = [];
  if (notes === undefined) return problems;
  if (hostLink === undefined) problems.push(`the host’s end ${notes.hostLink} is gone`);
  else if (notes.bridge !== '' && hostLink.master !== notes.bridge)
    problems.push(`${notes.hostLink} is no port of ${notes.bridge} any more`);
  else if (!isUp(hostLink)) problems.push(`${notes.hostLink} is down`);
  if (state !== 'alive') return problems;
  if (inside === undefined) return [...problems, `there is no ${ifName} in the container`];
  if (!isUp(inside)) problems.push(`${ifName} is down in the container`);
  const present = addressesOf(inside);
  const missing = notes.addresses.filter((address) => !present.includes(address));
  if (missing.length > 0) problems.push(`${ifName} lacks ${missing.join(' and ')}`);
  return problems;
}

/** Links that say whose they are, when their record is lost. */
function unrecorded(links: HostLinks, known: readonly ShownAttachment[]): readonly ShownAttachment[] {
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
