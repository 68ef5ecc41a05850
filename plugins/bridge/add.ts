import { announce, linkStateOf } from '../../pkg/announce/announce.ts';
import { AddTransaction, isNameTaken } from '../../pkg/attach/add-transaction.ts';
import { hostLinkName, randomLinkName, randomMac } from '../../pkg/attach/identity.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import { waitUntilUp } from '../../pkg/attach/wait.ts';
import { ip } from '../../pkg/ip/command.ts';
import { type ProgramAhead, startAhead } from '../../pkg/netfilter/ahead.ts';
import { likelyBackend, type MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { openSettingsAhead, ownNetns } from '../../pkg/netns/own.ts';
import { type PlanRun, type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { LinkState } from '../../pkg/rtnl/link/state.ts';
import { type FolderLock, shareFolder } from '../../pkg/sys/files/folder-lock.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { CAPTURE, mldReportFor, type NewAttachment, planAddressing, planAttachment } from './attach.ts';
import { addressingOf } from './gateways.ts';
import type { BridgeNotes } from './notes.ts';
import { resultOf } from './result.ts';
import { settingsOf } from './settings.ts';
import {
  type AddCall,
  type Looking,
  lookAround,
  lookAtShared,
  outdatedAddresses,
  type Surroundings,
} from './surroundings.ts';
import { bridgeOptions } from './vlans.ts';

/** What an ADD works with from its first look to its end. */
interface Work extends Looking {
  readonly transaction: AddTransaction;
  readonly lock: FolderLock | undefined;
  /** Who is tried first for the masquerade; `undefined` when there is none. */
  readonly backend: MasqueradeBackend | undefined;
  readonly ahead: ProgramAhead | undefined;
}

/** How long the kernel may take to let frames through a new port. */
const PORT_PATIENCE_MS = 2500;

/** How often an ADD gives way to others who take its names at the same moment. */
const TRIES = 3;

/** Joins the container to the bridge. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const settings = settingsOf(call);
  openSettingsAhead('ipv6');
  return inContainer(call.netns, async (netns) => {
    const backend = settings.ipMasq ? (settings.ipMasqBackend ?? likelyBackend(call.environment)) : undefined;
    const options = { ...(await bridgeOptions(call.environment, settings)), signal: termination() };
    // A server may be waited for longer than a program should be kept waiting.
    const ahead = settings.ipam === 'dhcp' ? undefined : backend && (await startMasquerade(backend, options));
    const work: Work = {
      call,
      settings,
      netns,
      options,
      transaction: new AddTransaction({ call, plugin: 'bridge', netns, options }),
      lock: shareFolder(call.records.folder),
      backend,
      ahead,
    };
    try {
      return await addWith(work);
    } finally {
      ahead?.letGo();
      work.lock?.release();
    }
  });
}

/** Its start takes longer than its work, and needs no address yet. */
async function startMasquerade(backend: MasqueradeBackend, options: RunOptions): Promise<ProgramAhead | undefined> {
  return startAhead(ownNetns(), backend, options);
}

async function addWith(work: Work): Promise<Result> {
  const { call, settings, transaction } = work;
  // Before an address is asked for: nothing has to be taken back yet.
  const surroundings = await lookAround(work);
  // Its server is asked through the link, which therefore comes first.
  const isLinkFirst = settings.ipam === 'dhcp';
  return transaction.complete(async () => {
    const leased = settings.ipam === '' || isLinkFirst ? undefined : await transaction.lease(settings.ipam);
    const [attachment, run] = await attach(work, leased, surroundings);
    await portForwards(attachment, run);
    await announceAll(attachment);
    if (isLinkFirst) return addressThroughLink(work, attachment);
    return resultOf(call, attachment, bridgeMacOf(attachment, run), leased);
  });
}

async function attach(
  work: Work,
  leased: Result | undefined,
  first: Surroundings,
): Promise<[made: NewAttachment, run: PlanRun]> {
  const { call, settings, netns, options, lock } = work;
  const addressing = leased && addressingOf(leased, settings);
  const macs = { hostMac: randomMac(), mac: settings.mac ?? randomMac() };
  // One that is there already is of an ADD that was never finished or never taken down.
  const mayHaveRules =
    (settings.ipMasq || settings.macSpoofCheck) &&
    call.records.readForContainer(call.containerId).records.some(({ plugin }) => plugin === 'bridge');
  let surroundings = first;
  let hostLink = hostLinkName(call);
  for (let tries = 1; ; tries += 1) {
    const { bridge: found, gatewayLink } = surroundings;
    const outdated = await outdatedAddresses(work, addressing, gatewayLink);
    const shared = { settings, found, lock, options };
    const attachment: NewAttachment = {
      ...shared,
      name: call,
      netns,
      hostLink,
      ...macs,
      gatewayMac: gatewayLink?.address ?? randomMac(),
      addressing,
      gatewayLink,
      outdated,
      mayHaveRules,
      ahead: work.ahead,
      mldReport: mldReportFor(call.records, settings, call.ifName, macs.mac),
    };
    try {
      return [attachment, await carryOut(work, attachment, planAttachment)];
    } catch (thrown) {
      if (tries === TRIES || !isNameTaken(thrown)) throw thrown;
      // Somebody else has the host's end's name, or has just made what is shared.
      surroundings = await lookAround(work);
      hostLink = randomLinkName();
    }
  }
}

/** Has an address asked for through the link that the container has by now, and gives it that. */
async function addressThroughLink(work: Work, made: NewAttachment): Promise<Result> {
  const { call, settings, transaction } = work;
  const leased = await transaction.lease(settings.ipam);
  const addressing = addressingOf(leased, settings);
  const { bridge: found, gatewayLink } = await lookAtShared(work);
  const outdated = await outdatedAddresses(work, addressing, gatewayLink);
  const gatewayMac = gatewayLink?.address ?? made.gatewayMac;
  const ownPort = made.hostLink;
  const attachment: NewAttachment = { ...made, found, gatewayLink, gatewayMac, addressing, outdated, ownPort };
  const run = await carryOut(work, attachment, (wanted) => planAddressing(wanted, addressing));
  await announceAll(attachment);
  return resultOf(call, attachment, bridgeMacOf(attachment, run), leased);
}

async function carryOut(
  { transaction, backend }: Work,
  attachment: NewAttachment,
  planOf: (attachment: NewAttachment) => Promise<Plan>,
): Promise<PlanRun> {
  transaction.note(notesFor(attachment, backend));
  const run = await transaction.run(await planOf(attachment));
  const used = run.captures.get(CAPTURE.masquerade) as MasqueradeBackend | undefined;
  if (used !== backend) transaction.note(notesFor(attachment, used));
  return run;
}

/** The bridge's MAC after a plan that may have changed it. */
function bridgeMacOf({ found }: NewAttachment, run: PlanRun): string | undefined {
  const [bridge] = (run.captures.get(CAPTURE.bridge) as readonly ShownLink[] | undefined) ?? [found];
  return bridge?.address;
}

/** Frames pass the port from when the kernel says so; ADD ends no sooner. */
async function portForwards({ settings, hostLink, options }: NewAttachment, run: PlanRun): Promise<void> {
  if (settings.leavesLinkDown) return;
  const [port] = run.captures.get(CAPTURE.port) as readonly ShownLink[];
  if (port?.operstate === 'UP') return;
  const state = (await waitUntilUp(ownNetns(), hostLink, PORT_PATIENCE_MS, options))?.operstate ?? 'NOTPRESENT';
  if (state === 'UP') return;
  throw new CniError(
    ErrorCode.internal,
    `bridge port in error state: ${state.toLowerCase()}`,
    `${hostLink}, a port of ${settings.bridge}, is still not up after ${PORT_PATIENCE_MS} ms`,
  );
}

/**
 * Tells all on the bridge who has the container's IPv4 addresses now: whoever knew one before would ask its former owner
 * for half a minute. And what the container has asked while its link led nowhere is asked again.
 */
async function announceAll(attachment: NewAttachment): Promise<void> {
  const { settings, netns, name, mac, addressing, options } = attachment;
  if (settings.leavesLinkDown) return;
  const addresses: string[] = [];
  for (const { address } of addressing?.ips ?? []) if (!address.includes(':')) addresses.push(addressIn(address));
  const state = await stateWhenUp(attachment);
  const { mldReport, gatewayLink } = attachment;
  const largeBridge = mldReport && { gatewayMac: gatewayLink?.address, later: mldReport.unheard };
  if (state === undefined ? addresses.length === 0 : announce(netns, state, { mac, addresses, largeBridge })) return;
  // To set the MAC is what makes the kernel say it, also when it is the same.
  const again = ip`link set dev ${name.ifName} address ${mac}`;
  await runPlan(new Plan().inside(netns, again, { failing: `failed to announce "${name.ifName}"` }), options);
}

async function stateWhenUp({
  netns,
  name: { ifName },
  mldReport,
  options,
}: NewAttachment): Promise<LinkState | undefined> {
  const state = linkStateOf(netns, ifName, mldReport);
  if (state?.isRunning === true) return state;
  // The port is up, and this end of the pair follows; to ask makes the kernel see to it.
  if ((await waitUntilUp(netns, ifName, PORT_PATIENCE_MS, options)) !== undefined)
    return linkStateOf(netns, ifName, mldReport);
  throw new CniError(ErrorCode.internal, `failed to announce "${ifName}": it is not in the container any more`);
}

/** The address of one with a prefix. */
function addressIn(prefix: string): string {
  return prefix.slice(0, prefix.indexOf('/'));
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function notesFor(attachment: NewAttachment, backend: MasqueradeBackend | undefined): BridgeNotes {
  const { hostLink, settings, addressing, mac } = attachment;
  return {
    hostLink,
    bridge: settings.bridge,
    addresses: (addressing?.ips ?? []).map(({ address }) => address),
    masquerade: backend === undefined ? [] : [backend],
    spoofCheck: settings.macSpoofCheck,
    mac,
  };
}
