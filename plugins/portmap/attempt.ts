import type { ProgramAhead } from '../../pkg/netfilter/ahead.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment, noteAttachment } from '../../pkg/record/attachment.ts';
import { type AttachmentRecord, podFrom } from '../../pkg/record/record.ts';
import { bootId } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { isSameAttachment } from '../../pkg/types/attachment.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { addressesOfPorts, type Claim } from './claim.ts';
import type { PortClaims, Taking } from './claims.ts';
import { removeForwarding } from './forward.ts';
import type { Forwarding } from './forwarding.ts';
import type { Localnet } from './localnet.ts';
import type { PortMapping } from './mapping.ts';
import { notesOf, type PortmapNotes, targetOf } from './notes.ts';
import type { PortmapConf } from './schema.ts';
import type { PortmapSettings } from './settings.ts';
import { unclaimedPorts } from './unclaimed.ts';

/** A call of ADD. */
export type AddCall = AttachmentCall<PortmapConf>;

/** What an ADD works with. */
export interface Work {
  readonly call: AddCall;
  readonly settings: PortmapSettings;
  readonly forwarding: Forwarding;
  readonly netns: Netns;
  readonly options: RunOptions;
  readonly claims: PortClaims;
  readonly localnet: Localnet;
  /** The portmap records of the container as they were. */
  readonly known: readonly AttachmentRecord[];
  /** The record of an earlier ADD of this attachment. */
  readonly former: AttachmentRecord | undefined;
  /** Who is tried first. */
  readonly backend: MasqueradeBackend;
  /** Its program, started already. */
  readonly ahead: ProgramAhead | undefined;
}

/** Notes that the ports are this attachment's, unless others have them. */
export async function takePorts(work: Work): Promise<Taking> {
  const { call, settings, forwarding, netns, claims } = work;
  const owner = ownerOf(call, netns);
  const { allowsConflicts } = settings;
  const unclaimed = allowsConflicts ? undefined : await unclaimedPorts(call.environment, call, forwarding);
  const taking = await unlessBroken(work, () => claims.take(owner, forwarding.mappings, allowsConflicts, unclaimed));
  return taking ?? { evicted: [], conflicts: [] };
}

/** The attachment of a call as the owner of ports. */
export function ownerOf({ containerId, ifName, network, args }: AddCall, netns: Netns): Omit<Claim, 'hostIps'> {
  const pod = podFrom(args);
  const { dev, ino } = netns.identity;
  return {
    containerId,
    ifName,
    network,
    bootId: bootId(),
    netns: { path: netns.path, dev: String(dev), ino: String(ino) },
    ...(pod === undefined ? {} : { pod }),
  };
}

/** A list of ports that cannot be kept, on a full or read-only file system, keeps no container from its ports. */
export async function unlessBroken<T>({ call }: Work, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof CniError && thrown.code === ErrorCode.tryAgain) throw thrown;
    call.warn(`portmap: no list of host ports: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return undefined;
  }
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
export function note({ call, netns, forwarding }: Work, backend: MasqueradeBackend): void {
  const notes: PortmapNotes = { backends: [backend], forwarding };
  noteAttachment(call, 'portmap', netns, notes);
}

/** What an attempt that failed has noted. */
export async function forget(work: Work): Promise<void> {
  const { call, claims, localnet, forwarding } = work;
  if (!(await removeFormer(work))) return;
  try {
    await claims.release([call], [...forwarding.mappings, ...formerMappings(work)]);
  } catch (thrown) {
    call.warn(`portmap: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  await localnet.close();
  forgetAttachment(call, 'portmap');
}

/** What an earlier ADD has made goes too: nobody would know of it any more. */
async function removeFormer({ call, former, known, options }: Work): Promise<boolean> {
  if (former === undefined) return true;
  // Being asked to end is no reason to leave it.
  const { signal: _, ...patient } = options;
  try {
    await runPlan(new Plan().do(ownNetns(), removeForwarding(targetOf(former, known)), { failing: '' }), patient);
    return true;
  } catch (thrown) {
    call.warn(
      `portmap: rules of an earlier ADD are left: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
    return false;
  }
}

/** The record of an earlier ADD of this attachment. */
export function formerRecord(call: AddCall, known: readonly AttachmentRecord[]): AttachmentRecord | undefined {
  return known.find((record) => record.plugin === 'portmap' && isSameAttachment(record, call));
}

function formerMappings({ former }: Work): readonly PortMapping[] {
  return (former && notesOf(former.data).forwarding?.mappings) ?? [];
}

/** Ports that an earlier ADD of this attachment had and this one has not. */
export function droppedMappings(work: Work): readonly PortMapping[] {
  const former = formerMappings(work);
  if (former.length === 0) return former;
  const kept = addressesOfPorts(work.forwarding.mappings);
  const dropped: PortMapping[] = [];
  for (const mapping of former) if (!kept.has(`${mapping.protocol}-${mapping.hostPort}`)) dropped.push(mapping);
  return dropped;
}
