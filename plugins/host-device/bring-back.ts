import type { ShownLink } from '../../pkg/attach/links.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import { namespaceId } from '../../pkg/rtnl/namespace-id.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { isLinkName, linkNamed, linksIn } from './links.ts';
import { planMoveOut, planRename } from './move.ts';
import type { HostDeviceNotes } from './notes.ts';
import { guessInside, recognizeInside, recognizeOnHost, seenFromHost } from './recognize.ts';

/** What is known about a device that has to come back. */
export interface Away {
  readonly name: Attachment;
  /** `undefined` when nothing was noted: the reference moved it, or the note is lost. */
  readonly notes: HostDeviceNotes | undefined;
  /** Its name on the host as the configuration has it; '' when that names it otherwise. */
  readonly configured: string;
  /** MAC of the interface in the previous result; '' when there is none. */
  readonly promisedMac: string;
  /** Names of links in the same container that are noted as another attachment's. */
  readonly claimed: readonly string[];
  readonly options: RunOptions;
  warn(line: string): void;
}

/**
 * The plan that takes the device out of its container; `undefined` when it is not there.
 *
 * @throws {CniError} when the device is there and cannot be put back
 */
export async function planReturn(away: Away, netns: Netns): Promise<Plan | undefined> {
  const { notes, options } = away;
  const links = await linksIn(netns, options);
  const isLeadingOut = links.some(({ link_index }) => link_index !== undefined);
  const inside = isLeadingOut ? seenFromHost(links, await hostIdIn(netns)) : links;
  const outside = await linksIn(ownNetns(), options);
  const link = findInside(away, inside, outside);
  if (link === undefined) {
    warnOfLost(away, inside, outside);
    return undefined;
  }
  const device = deviceOf(away, link, outside);
  if (device === undefined) return undefined;
  const other = linkNamed(outside, device);
  if (other !== undefined) throw nameTaken(away, device, other);
  return planMoveOut({
    link,
    netns,
    device,
    isNameTaken: link.ifname !== device && linkNamed(inside, device) !== undefined,
    alias: notes?.alias ?? '',
    wasUp: notes?.wasUp ?? false,
    options,
  });
}

/** Where it cannot be asked, no link counts as one of the host's. */
async function hostIdIn(netns: Netns): Promise<number | undefined> {
  return netns.canEnter ? namespaceId(netns, ownNetns()).catch(() => undefined) : undefined;
}

/** By what it is, and by its mark or the interface's name: a move that was killed half way has left only the mark. */
function findInside(
  { name, notes, claimed, promisedMac }: Away,
  inside: readonly ShownLink[],
  outside: readonly ShownLink[],
): ShownLink | undefined {
  const { device = '', identity, mac = promisedMac } = notes ?? {};
  // It is on the host: what has the interface's name is another's.
  const isBack = device !== '' && linkNamed(outside, device) !== undefined;
  const marks = { device, ifName: isBack ? '' : name.ifName, claimed };
  return identity === undefined ? guessInside(inside, marks, mac) : recognizeInside(identity, inside, marks);
}

function warnOfLost(away: Away, inside: readonly ShownLink[], outside: readonly ShownLink[]): void {
  const { name, notes, claimed, warn } = away;
  const { identity, device = '' } = notes ?? {};
  if (identity === undefined) {
    const isThere = !claimed.includes(name.ifName) && linkNamed(inside, name.ifName) !== undefined;
    if (notes === undefined && isThere) warnOfLeft(away, name.ifName);
    return;
  }
  if (recognizeOnHost(identity, outside, { device, ifName: device, claimed: [] }) !== undefined) return;
  warn(
    `host-device: ${device} is neither in the namespace of container ${name.containerId}, which had it, nor on the host`,
  );
}

/** What the device was called on the host; `undefined` when the link is none that was moved here. */
function deviceOf(away: Away, link: ShownLink, outside: readonly ShownLink[]): string | undefined {
  const { name, notes, configured, promisedMac } = away;
  const { ifname, ifalias = '', address } = link;
  if (notes !== undefined && notes.device !== '') return notes.device;
  const isPromised = ifalias === '' && address === promisedMac && promisedMac !== '';
  if (isLinkName(ifalias) || isPromised) {
    // What the container has written on it counts less than what the configuration says, if that is not on the host.
    if (configured !== '' && linkNamed(outside, configured) === undefined) return configured;
    if (isLinkName(ifalias)) return ifalias;
    throw new CniError(
      ErrorCode.internal,
      `failed to find original ifname for "${ifname}" (alias is not set)`,
      `${ifname} of container ${name.containerId} has lost its mark, and nothing else says what it was called on the host; ` +
        `\`ip link set dev ${ifname} alias NAME\` in its namespace tells`,
    );
  }
  warnOfLeft(away, ifname);
  return undefined;
}

function warnOfLeft({ name, warn }: Away, ifname: string): void {
  warn(`host-device: left ${ifname} of ${name.containerId} alone: nothing says that it was a device of the host`);
}

function nameTaken({ name }: Away, device: string, other: ShownLink): CniError {
  return new CniError(
    ErrorCode.internal,
    `failed to move "${device}" to hostNS: file exists`,
    `${name.ifName} of container ${name.containerId} was ${device} on the host, and another link there has this name now ` +
      `(${other.linkinfo?.info_kind ?? 'a device'}, ${other.address}); rename that one, and try again`,
  );
}

/** The plan that puts right a device that fell back to the host by itself; `undefined` when there is none. */
export async function planRepair(away: Away): Promise<Plan | undefined> {
  const { notes, configured, options, warn } = away;
  const device = notes?.device || configured;
  if (device === '') return undefined;
  const outside = await linksIn(ownNetns(), options);
  const there = linkNamed(outside, device);
  const link = fallenBack(away, device, outside, there);
  if (link === undefined || (link === there && !needsRepair(link, notes))) return undefined;
  if (there !== undefined && link !== there) {
    warn(`host-device: ${link.ifname} was ${device} and stays as it is: another link has this name now`);
    return undefined;
  }
  return planRename({ link, device, alias: notes?.alias ?? '', wasUp: notes?.wasUp ?? false, options });
}

function fallenBack(
  { notes }: Away,
  device: string,
  outside: readonly ShownLink[],
  there: ShownLink | undefined,
): ShownLink | undefined {
  if (notes?.identity !== undefined) {
    return recognizeOnHost(notes.identity, outside, { device, ifName: device, claimed: [] });
  }
  if (notes !== undefined && there !== undefined) return there;
  // Without a note an alias that is the device's own name may be anybody's.
  for (const link of outside) if (link !== there && link.ifalias === device) return link;
  return undefined;
}

/** The mark is still on it: it was not this suite that put it where it is. */
function needsRepair({ ifalias }: ShownLink, notes: HostDeviceNotes | undefined): boolean {
  return notes !== undefined && ifalias === notes.device && notes.alias !== notes.device;
}
