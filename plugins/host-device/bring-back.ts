import type { AttachmentName } from '../../pkg/attach/identity.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { isLinkName, linkNamed, linksIn } from './links.ts';
import { planMoveOut, planRename } from './move.ts';
import type { HostDeviceNotes } from './notes.ts';

/** What is known about a device that has to come back. */
export interface Away {
  readonly name: AttachmentName;
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
  const inside = await linksIn(netns, options);
  const outside = await linksIn(ownNetns(), options);
  const link = findInside(away, inside, outside);
  if (link === undefined) return undefined;
  const device = deviceOf(away, link);
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

/** By the interface's name; a move that was killed half way has left the mark on a link of another name. */
function findInside(
  { name, notes, claimed }: Away,
  inside: readonly ShownLink[],
  outside: readonly ShownLink[],
): ShownLink | undefined {
  const device = notes?.device ?? '';
  if (device !== '') {
    for (const link of inside) {
      if (link.ifalias === device && !claimed.includes(link.ifname)) return link;
    }
    // It is on the host: what has the interface's name is another's.
    if (linkNamed(outside, device) !== undefined) return undefined;
  }
  return claimed.includes(name.ifName) ? undefined : linkNamed(inside, name.ifName);
}

/** What the device was called on the host; `undefined` when the link is none that was moved here. */
function deviceOf({ name, notes, configured, promisedMac, warn }: Away, link: ShownLink): string | undefined {
  const { ifname, ifalias = '', address } = link;
  if (notes !== undefined && notes.device !== '') return notes.device;
  if (isLinkName(ifalias)) return ifalias;
  if (ifalias === '' && address === promisedMac && promisedMac !== '') {
    if (configured !== '') return configured;
    throw new CniError(
      ErrorCode.internal,
      `failed to find original ifname for "${ifname}" (alias is not set)`,
      `${ifname} of container ${name.containerId} has lost its mark, and nothing else says what it was called on the host; ` +
        `\`ip link set dev ${ifname} alias NAME\` in its namespace tells`,
    );
  }
  warn(`host-device: left ${ifname} of ${name.containerId} alone: nothing says that it was a device of the host`);
  return undefined;
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
  // Without a note an alias that is the device's own name may be anybody's.
  const link = there === undefined || notes === undefined ? marked(outside, device, there) : there;
  if (link === undefined || (link === there && !needsRepair(link, notes))) return undefined;
  if (there !== undefined && link !== there) {
    warn(`host-device: ${link.ifname} was ${device} and stays as it is: another link has this name now`);
    return undefined;
  }
  return planRename({ link, device, alias: notes?.alias ?? '', wasUp: notes?.wasUp ?? false, options });
}

function marked(outside: readonly ShownLink[], device: string, there: ShownLink | undefined): ShownLink | undefined {
  for (const link of outside) if (link !== there && link.ifalias === device) return link;
  return undefined;
}

/** The mark is still on it: it was not this suite that put it where it is. */
function needsRepair({ ifalias }: ShownLink, notes: HostDeviceNotes | undefined): boolean {
  return notes !== undefined && ifalias === notes.device && notes.alias !== notes.device;
}
