import { ip } from '../../pkg/ip/command.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type PlanRun, type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { type AttachmentRecord, podFrom } from '../../pkg/record/record.ts';
import { bootId, RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { hasProgram } from '../../pkg/sys/process.ts';
import { termination } from '../../pkg/sys/termination.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { PortClaims, type Taking } from './claims.ts';
import { forgetFlows } from './flows.ts';
import { addForwarding } from './forward.ts';
import { type Forwarding, familiesIn, forwardingOf } from './forwarding.ts';
import { warnOfListeners } from './listeners.ts';
import { mappingsOf, type PortMapping } from './mapping.ts';
import { notesOf, othersIn, type PortmapNotes, targetOf } from './notes.ts';
import type { Evicted } from './ports.ts';
import { previousResult } from './previous.ts';
import type { PortmapConf } from './schema.ts';
import { type PortmapSettings, settingsOf } from './settings.ts';

type AddCall = AttachmentCall<PortmapConf>;

/** What an ADD works with. */
interface Work {
  readonly call: AddCall;
  readonly settings: PortmapSettings;
  readonly forwarding: Forwarding;
  readonly netns: Netns;
  readonly options: RunOptions;
  readonly records: RecordStore;
  readonly claims: PortClaims;
  /** The portmap records of the container as they were. */
  readonly known: readonly AttachmentRecord[];
  /** The record of an earlier ADD of this attachment. */
  readonly former: AttachmentRecord | undefined;
  /** Who is tried first. */
  readonly backend: MasqueradeBackend;
}

const FAILURE = 'failed to parse config: ';

/** Maps ports of the host to the container. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const result = previousResult(call, FAILURE);
  const settings = settingsOf(call.conf, FAILURE);
  const mappings = mappingsOf(call.conf, FAILURE);
  if (result === undefined) {
    const details = 'found no "prevResult"; portmap comes after a plugin that makes an interface, such as bridge';
    throw new CniError(ErrorCode.invalidConfig, 'must be called as chained plugin', details);
  }
  if (mappings.length === 0) return result;
  const forwarding = forwardingOf(settings, mappings, result, call.ifName);
  if (forwarding.addresses.length > 0) await forward(call, settings, forwarding);
  return result;
}

async function forward(call: AddCall, settings: PortmapSettings, forwarding: Forwarding): Promise<void> {
  const signal = termination();
  await inContainer(call.netns, async (netns) => {
    const folder = recordFolder(call.environment);
    const records = new RecordStore(folder);
    const known = records.readForContainer(call.containerId).records;
    const former = formerRecord(call, known);
    const options = { ...(await runOptions(call.environment, 'portmap')), signal };
    const backend = settings.backend ?? likelyBackend(call);
    const claims = new PortClaims(folder);
    const work: Work = { call, settings, forwarding, netns, options, records, claims, known, former, backend };
    note(work, backend);
    try {
      await take(work);
    } catch (thrown) {
      await forget(work);
      throw thrown;
    }
  });
}

async function take(work: Work): Promise<void> {
  const { call, settings, forwarding, records, claims } = work;
  const { evicted: gone, conflicts } = await takePorts(work);
  const [first, ...others] = conflicts;
  if (first !== undefined && !settings.allowsConflicts) {
    throw (await import('./ports.ts')).conflictError([first, ...others]);
  }
  await warnOfListeners(forwarding.mappings, call.warn);
  const evicted = gone.length === 0 ? [] : (await import('./ports.ts')).evictedFrom(gone, records);
  await carryOut(work, evicted);
  await forgetFlows(forwarding, 'added', call.warn);
  if (evicted.length > 0) {
    const { forgetEvicted } = await import('./ports.ts');
    await unlessBroken(work, () => forgetEvicted(evicted, forwarding.mappings, { claims, records, warn: call.warn }));
  }
  const dropped = droppedMappings(work);
  if (dropped.length > 0) await unlessBroken(work, () => claims.release(call, dropped));
}

async function carryOut(work: Work, evicted: readonly Evicted[]): Promise<void> {
  const { call, settings, forwarding, options, known, former, backend } = work;
  const { network, containerId } = call;
  const leaving = former === undefined ? [] : [targetOf(former, known)];
  for (const { target } of evicted) leaving.push(target);
  const rules = addForwarding({ network, containerId }, forwarding, settings.backend, {
    evicted: leaving,
    others: othersIn(known, call),
  });
  const plan = new Plan().do(ownNetns(), rules, { capture: 'backend', failing: '' });
  const v4 = familiesIn(forwarding).find(({ family }) => family === 4);
  const needsLocalnet = forwarding.snat && v4 !== undefined;
  const lookUp = new Plan();
  // Where there is no route nothing has to be set.
  if (needsLocalnet) lookUp.host(ip`route get ${v4.address}`, { capture: 'route', tolerate: 'any' });
  const run = await runPlan(new Plan().together(plan, lookUp), options);
  try {
    if (options.signal?.aborted) throw new CniError(ErrorCode.internal, 'interrupted');
    const used = run.captures.get('backend');
    if (used !== backend && (used === 'iptables' || used === 'nftables')) note(work, used);
    if (used === 'nftables' && settings.masqAll)
      call.warn('portmap: masqAll does nothing with nftables, as in the reference');
    const link = linkOf(run);
    if (link !== undefined) await runPlan(allowLoopback(link), options);
  } catch (thrown) {
    for (const leftover of await run.undo()) call.warn(`portmap: could not be undone: ${leftover}`);
    throw thrown;
  }
}

/** What the host sends to a mapped port of its own has a source of 127/8 until it leaves by this link. */
function allowLoopback(link: string): Plan {
  const failing = 'unable to enable route_localnet';
  return new Plan().sysctl(ownNetns(), `net/ipv4/conf/${link}/route_localnet`, '1', { failing });
}

function linkOf({ captures }: PlanRun): string | undefined {
  const routes = captures.get('route');
  if (!Array.isArray(routes)) return undefined;
  const [route] = routes as readonly { readonly dev?: string }[];
  return route?.dev;
}

async function takePorts(work: Work): Promise<Taking> {
  const { call, settings, forwarding, netns, claims } = work;
  const { containerId, ifName, network } = call;
  const pod = podFrom(call.args);
  const { dev, ino } = netns.identity;
  const owner = {
    containerId,
    ifName,
    network,
    bootId: bootId(),
    netns: { path: netns.path, dev: String(dev), ino: String(ino) },
    ...(pod === undefined ? {} : { pod }),
  };
  const taking = await unlessBroken(work, () => claims.take(owner, forwarding.mappings, settings.allowsConflicts));
  return taking ?? { evicted: [], conflicts: [] };
}

/** A list of ports that cannot be kept, on a full or read-only file system, keeps no container from its ports. */
async function unlessBroken<T>({ call }: Work, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof CniError && thrown.code === ErrorCode.tryAgain) throw thrown;
    call.warn(`portmap: no list of host ports: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return undefined;
  }
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function note({ call, netns, records, forwarding }: Work, backend: MasqueradeBackend): void {
  const { network, containerId, ifName } = call;
  const notes: PortmapNotes = { backends: [backend], forwarding };
  const key = { network, containerId, ifName, plugin: 'portmap' };
  const warning = records.write({ ...key, netns, cniArgs: call.args, data: { ...notes } });
  if (warning !== undefined) call.warn(`portmap: ${warning}`);
}

async function forget(work: Work): Promise<void> {
  const { call, claims, records, forwarding } = work;
  const { network, containerId, ifName } = call;
  try {
    await claims.release(call, [...forwarding.mappings, ...formerMappings(work)]);
  } catch (thrown) {
    call.warn(`portmap: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const warning = records.remove({ network, containerId, ifName, plugin: 'portmap' });
  if (warning !== undefined) call.warn(`portmap: ${warning}`);
}

function formerRecord({ network, ifName }: AddCall, known: readonly AttachmentRecord[]): AttachmentRecord | undefined {
  for (const record of known) {
    if (record.plugin === 'portmap' && record.network === network && record.ifName === ifName) return record;
  }
  return undefined;
}

function formerMappings({ former }: Work): readonly PortMapping[] {
  return (former && notesOf(former.data).forwarding?.mappings) ?? [];
}

/** Ports that an earlier ADD of this attachment had and this one has not. */
function droppedMappings(work: Work): readonly PortMapping[] {
  const dropped: PortMapping[] = [];
  for (const mapping of formerMappings(work)) {
    const isKept = work.forwarding.mappings.some(
      ({ protocol, hostPort }) => protocol === mapping.protocol && hostPort === mapping.hostPort,
    );
    if (!isKept) dropped.push(mapping);
  }
  return dropped;
}

/** What is tried first when the configuration leaves it open. */
function likelyBackend({ environment }: AddCall): MasqueradeBackend {
  return hasProgram('iptables', environment['PATH']) ? 'iptables' : 'nftables';
}
