import type { Family } from '../../pkg/addr/address.ts';
import { ip } from '../../pkg/ip/command.ts';
import { type ProgramAhead, startAhead } from '../../pkg/netfilter/ahead.ts';
import { likelyBackend, type MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { allOf, yieldTwice } from '../../pkg/netfilter/together.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { openSettingsAhead, ownNetns } from '../../pkg/netns/own.ts';
import { type PlanRun, type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import {
  type AddCall,
  droppedMappings,
  forget,
  formerRecord,
  note,
  takePorts,
  unlessBroken,
  type Work,
} from './attempt.ts';
import { PortClaims } from './claims.ts';
import { forgetFlows } from './flows.ts';
import { addForwarding } from './forward.ts';
import { type FamilyForwarding, type Forwarding, familiesIn } from './forwarding.ts';
import { warnOfListeners } from './listeners.ts';
import { Localnet } from './localnet.ts';
import { othersIn, targetOf } from './notes.ts';
import { type Evicted, evictedFrom, forgetEvicted, refuseConflicts } from './ports.ts';
import { readAdd } from './read-add.ts';
import type { PortmapSettings } from './settings.ts';

/** Maps ports of the host to the container. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const { result, settings, forwarding } = readAdd(call);
  if (forwarding !== undefined) await forward(call, settings, forwarding);
  return result;
}

async function forward(call: AddCall, settings: PortmapSettings, forwarding: Forwarding): Promise<void> {
  const signal = termination();
  if (needsLocalnet(forwarding)) openSettingsAhead('ipv4');
  await inContainer(call.netns, async (netns) => {
    const backend = settings.backend ?? likelyBackend(call.environment);
    const options = { ...(await runOptions(call.environment, 'portmap')), signal };
    const ahead = await startProgram(forwarding, backend, options);
    const known = call.records.readForContainer(call.containerId).records;
    const former = formerRecord(call, known);
    const claims = new PortClaims(call.records.folder);
    const localnet = new Localnet(call.environment, options, call.warn);
    const stores = { claims, localnet };
    const work: Work = { call, settings, forwarding, netns, options, ...stores, known, former, backend, ahead };
    note(work, backend);
    try {
      await take(work);
    } catch (thrown) {
      await forget(work);
      throw thrown;
    } finally {
      ahead?.letGo();
    }
  });
}

function familyOf(forwarding: Forwarding, family: Family): FamilyForwarding | undefined {
  for (const own of familiesIn(forwarding)) if (own.family === family) return own;
  return undefined;
}

/** Whether the host itself may send to a mapped port by its loopback address. */
function needsLocalnet(forwarding: Forwarding): boolean {
  return forwarding.snat && familyOf(forwarding, 4) !== undefined;
}

/** Its start takes longer than its work, and needs to know no owner of a port yet. */
async function startProgram(
  forwarding: Forwarding,
  backend: MasqueradeBackend,
  options: RunOptions,
): Promise<ProgramAhead | undefined> {
  if (backend === 'iptables' && familyOf(forwarding, 4) === undefined) return undefined;
  return startAhead(ownNetns(), backend, options);
}

async function take(work: Work): Promise<void> {
  const { call, settings, forwarding, claims } = work;
  const { evicted: gone, conflicts } = await takePorts(work);
  if (conflicts.length > 0 && !settings.allowsConflicts) refuseConflicts(conflicts);
  const evicted = gone.length === 0 ? [] : evictedFrom(gone, call.records);
  const warned = yieldTwice().then(() => warnOfListeners(forwarding.mappings, othersIn(work.known, call), call.warn));
  await allOf([carryOut(work, evicted), warned]);
  await forgetFlows(forwarding, 'added', call.warn);
  if (evicted.length > 0) {
    await unlessBroken(work, () => forgetEvicted(evicted, forwarding.mappings, claims, call));
  }
  const dropped = droppedMappings(work);
  if (dropped.length > 0) await unlessBroken(work, () => claims.release([call], dropped));
}

async function carryOut(work: Work, evicted: readonly Evicted[]): Promise<void> {
  const { call, settings, forwarding, options, known, former, backend, ahead, localnet } = work;
  const { network, containerId } = call;
  const leaving = former === undefined ? [] : [targetOf(former, known)];
  for (const { target } of evicted) leaving.push(target);
  let hasSetUp = false;
  const rules = addForwarding({ network, containerId }, forwarding, settings.backend, {
    evicted: leaving,
    others: othersIn(known, call),
    ahead,
    onSetUp: () => {
      hasSetUp = true;
    },
  });
  const adding = runPlan(new Plan().do(ownNetns(), rules, { capture: 'backend', failing: '' }), options);
  // The kernel goes through all rules meanwhile; whoever forgets an attempt that failed closes it again.
  const opening = yieldTwice().then(() => openLocalnet(work));
  const [added, opened] = await Promise.allSettled([adding, opening]);
  if (added.status === 'rejected') throw added.reason;
  const run = added.value;
  try {
    if (opened.status === 'rejected') throw opened.reason;
    if (options.signal?.aborted) throw new CniError(ErrorCode.internal, 'interrupted');
    const used = run.captures.get('backend');
    if (used !== backend && (used === 'iptables' || used === 'nftables')) note(work, used);
    // What all share had to be made, so somebody may have flushed everything.
    if (hasSetUp) await localnet.restoreGuard();
  } catch (thrown) {
    for (const leftover of await run.undo()) call.warn(`portmap: could not be undone: ${leftover}`);
    throw thrown;
  }
}

/** Whether the host itself is to reach the ports by its loopback address, and can now. */
async function openLocalnet({ forwarding, options, backend, localnet }: Work): Promise<void> {
  const link = await linkTo(forwarding, options);
  if (link !== undefined) await localnet.open(link, backend);
}

/**
 * The link that leads to the container, where the host itself is to reach its ports: what it sends to them has a source
 * of 127/8 until it leaves by this link. Where there is no route, none.
 */
async function linkTo(forwarding: Forwarding, options: RunOptions): Promise<string | undefined> {
  const v4 = familyOf(forwarding, 4);
  if (v4 === undefined || !needsLocalnet(forwarding)) return undefined;
  const lookUp = new Plan().host(ip`route get ${v4.address}`, { capture: 'route', tolerate: 'any' });
  return linkOf(await runPlan(lookUp, options));
}

function linkOf({ captures }: PlanRun): string | undefined {
  const routes = captures.get('route');
  if (!Array.isArray(routes)) return undefined;
  const [route] = routes as readonly { readonly dev?: string }[];
  return route?.dev;
}
