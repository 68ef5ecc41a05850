import { addressesOf, type ShownLink } from '../../pkg/attach/links.ts';
import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isAlive, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { attachmentKey } from '../../pkg/types/attachment.ts';
import { notesOf as bridgeNotes } from '../../plugins/bridge/notes.ts';
import { PortClaims } from '../../plugins/portmap/claims.ts';
import { type UnnotedPort, unnotedPorts } from '../../plugins/portmap/foreign.ts';
import { notesOf as portNotes } from '../../plugins/portmap/notes.ts';
import { containerLink, type HostLinks, hostLinks, isUp, masterOf } from './look.ts';
import { type NodePicture, nameOf, type PortOf, type ShownAttachment, type ShownMaster } from './picture.ts';
import { unrecorded } from './unrecorded.ts';

/** What there is, and what could not be read. */
export interface Collected {
  readonly picture: NodePicture;
  readonly warnings: readonly string[];
}

/** Puts a node's attachments together from the records and the kernel. */
export async function collect(environment: Environment): Promise<Collected> {
  const store = recordsOf(environment);
  const { records, warnings } = store.readAll();
  const links = await hostLinks();
  const isInUse = namespaceCensus();
  let attachments: ShownAttachment[] = [];
  for (const own of grouped(records)) attachments.push(await attachmentOf(own, links, isAlive(own[0], isInUse)));
  const holders = new HolderSearch(environment);
  attachments.push(...(await unrecorded(environment, links, attachments, holders)));
  const unnoted = await unnotedPorts(new PortClaims(store.folder).listed(), holders);
  attachments = attachments.map((one) => ({ ...one, ports: [...one.ports, ...portsOf(one, unnoted)] }));
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
  const elsewhere = attachments.filter((one) => !bridges.some((bridge) => bridge.attachments.includes(one)));
  const masters = mastersOf(links, elsewhere);
  const others = elsewhere.filter(({ master }) => master === undefined);
  const host = process.getBuiltinModule('node:os').hostname();
  return { picture: { host, bridges, masters, others }, warnings };
}

function mastersOf(links: HostLinks, attachments: readonly ShownAttachment[]): readonly ShownMaster[] {
  const isMaster = ({ ifname }: ShownLink) => attachments.some(({ master }) => master === ifname);
  // A bridge that is the uplink is drawn as a bridge.
  const shown = links.all.filter(
    (link) => (links.uplinks.includes(link) && !links.bridges.includes(link)) || isMaster(link),
  );
  return shown.map((link) => ({
    name: link.ifname,
    addresses: addressesOf(link),
    isUp: isUp(link),
    mtu: link.mtu,
    isUplink: links.uplinks.includes(link),
    attachments: attachments.filter(({ master }) => master === link.ifname),
  }));
}

/** Ports that the kernel's rules lead to an attachment's addresses, where nothing is noted of them. */
function portsOf({ containerId, addresses }: ShownAttachment, unnoted: readonly UnnotedPort[]): readonly PortOf[] {
  const found: PortOf[] = [];
  for (const { port, claim, targets } of unnoted) {
    const own = targets.find((target) => addresses.some((address) => leadsTo(target, address)));
    if (claim.containerId !== containerId || own === undefined) continue;
    const [protocol = '', hostPort] = port.split('-');
    const containerPort = Number(own.slice(own.lastIndexOf(':') + 1));
    for (const hostIp of claim.hostIps) found.push({ protocol, hostPort: Number(hostPort), containerPort, hostIp });
  }
  return found;
}

function leadsTo(target: string, prefix: string): boolean {
  const address = prefix.slice(0, prefix.indexOf('/'));
  return target.startsWith(`${address}:`) || target.startsWith(`[${address}]:`);
}

type Group = readonly [AttachmentRecord, ...AttachmentRecord[]];

/** The records of all plugins about one attachment. */
function grouped(records: readonly AttachmentRecord[]): readonly Group[] {
  const groups = new Map<string, [AttachmentRecord, ...AttachmentRecord[]]>();
  for (const record of records) {
    const key = attachmentKey(record);
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
  const master = masterOf(links, inside);
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
    ...(master === undefined ? {} : { master }),
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
