import { addressesOf, type ShownLink } from '../../pkg/attach/links.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { findDevice, type HostDevice } from './find.ts';
import { linkNamed, linksIn } from './links.ts';
import { planMoveIn } from './move.ts';
import type { HostDeviceConf } from './schema.ts';
import { isDrivenByProgram, namedDevice, type Sought } from './sought.ts';

/** A call of ADD. */
export type AddCall = AttachmentCall<HostDeviceConf>;

/** What the configuration asks for. */
export interface Wanted {
  readonly sought: Sought;
  /** Whether a program drives the device, and there is no link to be moved. */
  readonly isWithoutLink: boolean;
}

/** Reads the configuration; the driver of a device says whether a program drives it. */
export function wantedOf({ conf }: AddCall): Wanted {
  const { sought, pciBusId } = namedDevice(conf);
  return { sought, isWithoutLink: isDrivenByProgram(conf, pciBusId) };
}

/** What it takes to look at what is there. */
export interface Looking {
  readonly call: AddCall;
  readonly wanted: Wanted;
  readonly netns: Netns;
  readonly options: RunOptions;
}

/** What an ADD decides before it does anything. */
export interface Surroundings extends Looking {
  /** `undefined` when a program drives the device, and there is no link to be moved. */
  readonly host: HostDevice | undefined;
  readonly isNameTaken: boolean;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
}

/** Finds the device, and refuses what is in the way. */
export async function attachmentOf(looking: Looking): Promise<Surroundings> {
  const { call, wanted, netns, options } = looking;
  const ipam = call.conf.ipam?.type ?? '';
  if (wanted.isWithoutLink) return { ...looking, host: undefined, isNameTaken: false, ipam };
  const host = await findDevice(wanted.sought, { records: call.records, options, warn: call.warn });
  const inside = await linksIn(netns, options);
  const same = linkNamed(inside, call.ifName);
  if (same !== undefined) throw taken(call, host, same);
  return { ...looking, host, isNameTaken: linkNamed(inside, host.link.ifname) !== undefined, ipam };
}

function taken({ ifName, netns }: AddCall, { device }: HostDevice, same: ShownLink): CniError {
  const mark = same.ifalias === undefined ? '' : `, alias ${JSON.stringify(same.ifalias)}`;
  const addresses = addressesOf(same).join(', ');
  return new CniError(
    ErrorCode.internal,
    `failed to move link failed to move "${ifName}" (host: "${device}") to container NS: file exists`,
    `namespace ${netns} has a link ${ifName} already (${same.address}${mark}${addresses && `, ${addresses}`}); expected ` +
      'none. Either this container was added before and never removed, or two networks use the same interface name',
  );
}

/** The plan of the move; nothing for a device that a program drives. */
export function linkPlan({ call, netns, host, isNameTaken, options }: Surroundings): Plan {
  if (host === undefined) return new Plan();
  return planMoveIn({ host, netns, ifName: call.ifName, isNameTaken, options });
}
