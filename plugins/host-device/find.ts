import { addressesOf, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import { isAlive, type RecordStore } from '../../pkg/record/store.ts';
import type { CniError } from '../../pkg/types/error.ts';
import { hwaddrOf, linksIn } from './links.ts';
import { notesOf } from './notes.ts';
import { isItOnHost, mayBeItOnHost } from './recognize.ts';
import { linkOfDevice, notFound, refuseImpossible, type Sought, SYS } from './sought.ts';

/** A device of the host. */
export interface HostDevice {
  readonly link: ShownLink;
  /** The name that it has or should have on the host. */
  readonly device: string;
  /** The alias that it has by itself; '' for none. */
  readonly alias: string;
}

/** What looking for a device needs. */
export interface Finding {
  readonly records: RecordStore;
  readonly options: RunOptions;
  warn(line: string): void;
}

/** How a device is looked for, for people. */
export function soughtText({ by, value }: Sought): string {
  return `${by} ${value}`;
}

/**
 * The device on the host.
 *
 * @param sys the folder that stands for /sys
 * @throws {CniError} naming what was looked for, who has it and what else there is
 */
export async function findDevice(sought: Sought, finding: Finding, sys: string = SYS): Promise<HostDevice> {
  refuseImpossible(sought);
  const { by, value } = sought;
  if (by === 'hwaddr') return byHwaddr(sought, finding);
  const name = by === 'device' ? value : deviceLink(sought, finding, sys);
  const [link] = await lookAt([linkIn(ownNetns(), name)], finding.options);
  // What is only a number behind "if" is an index to `ip`.
  if (link !== undefined && (link.ifname === name || !name.startsWith('if'))) return found(link);
  return (await leftOver(sought, name, finding)) ?? refuse(sought, 'Link not found', finding);
}

function deviceLink(sought: Sought, finding: Finding, sys: string): string {
  try {
    return linkOfDevice(sought, sys);
  } catch (thrown) {
    const holder = holderOf(sought, '', finding);
    if (holder === undefined || !(thrown instanceof Error)) throw thrown;
    throw notFound(thrown.message.replace('failed to find host device: ', ''), holder);
  }
}

async function byHwaddr(sought: Sought, finding: Finding): Promise<HostDevice> {
  const wanted = hwaddrOf(sought.value);
  for (const { address, ifname } of await linksIn(ownNetns(), finding.options)) {
    if (address !== wanted) continue;
    const [link] = await lookAt([linkIn(ownNetns(), ifname)], finding.options);
    if (link !== undefined) return found(link);
  }
  return refuse(sought, 'failed to find physical interface', finding);
}

function found(link: ShownLink): HostDevice {
  return { link, device: link.ifname, alias: link.ifalias ?? '' };
}

/**
 * One that fell back to the host when its container's namespace went, under whatever name was free. The container may
 * have written anything on it, so what was noted of it counts, and the alias only where nothing was.
 */
async function leftOver(sought: Sought, name: string, finding: Finding): Promise<HostDevice | undefined> {
  if (sought.by !== 'device') return undefined;
  const links = await linksIn(ownNetns(), finding.options);
  const noted = finding.records.readAll().records.flatMap(({ plugin, data }) => {
    return plugin === 'host-device' ? notesOf(data) : [];
  });
  const ofName = noted.flatMap(({ device, identity }) => (device === name && identity ? identity : []));
  const fallen = links.find((link) => {
    const known = noted.find(({ identity }) => identity !== undefined && isItOnHost(identity, link, links));
    if (known !== undefined) return known.device === name;
    return (
      link.ifalias === name && (ofName.length === 0 || ofName.some((identity) => mayBeItOnHost(identity, link, links)))
    );
  });
  const [link] = fallen === undefined ? [] : await lookAt([linkIn(ownNetns(), fallen.ifname)], finding.options);
  if (link === undefined) return undefined;
  const proof = ofName.length === 0 ? 'its alias says so' : 'it is noted so';
  finding.warn(`host-device: ${link.ifname} is the ${name} that was never put back: ${proof}`);
  return { link, device: name, alias: '' };
}

async function refuse(sought: Sought, why: string, finding: Finding): Promise<never> {
  const links = await linksIn(ownNetns(), finding.options);
  throw missing(sought, why, links, holderOf(sought, sought.value, finding));
}

function missing(sought: Sought, why: string, links: readonly ShownLink[], holder: string | undefined): CniError {
  const there = links.filter(({ ifname }) => ifname !== 'lo');
  const named = there.map(({ ifname, address }) => `${ifname} (${address})`).join(', ') || 'none but lo';
  const parts = [
    `looked for ${soughtText(sought)}`,
    ...(holder === undefined ? [] : [holder]),
    `the host has ${named}`,
  ];
  return notFound(why, parts.join('; '));
}

/** Which container has the device, as far as it is noted. */
function holderOf(sought: Sought, name: string, { records }: Finding): string | undefined {
  const text = soughtText(sought);
  for (const record of records.readAll().records) {
    if (record.plugin !== 'host-device') continue;
    const notes = notesOf(record.data);
    const isIt = notes.sought === text || (sought.by === 'device' && notes.device === name);
    if (!isIt || isAlive(record) === 'dead') continue;
    return `container ${record.containerId} has it as ${record.ifName} (network ${record.network}) since ${record.time}`;
  }
  return undefined;
}

/** What people gave the device on the host; the kernel takes it away with the move. */
export function addressText({ link }: HostDevice): string {
  return addressesOf(link).join(', ');
}
