import { hostLinkName, randomLinkName, randomMac } from '../../pkg/attach/identity.ts';
import { addressesOf, isZeroMac, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { ProgramAhead } from '../../pkg/netfilter/ahead.ts';
import { likelyBackend, type MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type PlanRun, type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { PlanError } from '../../pkg/plan/plan-error.ts';
import { RECORDED } from '../../pkg/record/recorded.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { type FolderLock, shareFolder } from '../../pkg/sys/folder-lock.ts';
import { termination } from '../../pkg/sys/termination.ts';
import { CniError, ErrorCode, toCniError } from '../../pkg/types/error.ts';
import type { Interface, Result } from '../../pkg/types/result.ts';
import { type Attachment, CAPTURE, missingOn, planAttachment } from './attach.ts';
import { refuseOtherKind } from './bridge-link.ts';
import { type Addressing, addressingOf } from './gateways.ts';
import { type BridgeNotes, rawIpamOf } from './notes.ts';
import type { BridgeConf } from './schema.ts';
import { type BridgeSettings, settingsOf } from './settings.ts';
import { gatewayLinkName } from './vlan-gateway.ts';

type AddCall = AttachmentCall<BridgeConf>;

/** What an ADD works with from its first look to its end. */
interface Work {
  readonly call: AddCall;
  readonly settings: BridgeSettings;
  readonly netns: Netns;
  readonly options: RunOptions;
  readonly lock: FolderLock | undefined;
  readonly records: RecordStore;
  /** Who is tried first for the masquerade; `undefined` when there is none. */
  readonly backend: MasqueradeBackend | undefined;
  readonly ahead: ProgramAhead | undefined;
}

/** What is there already. */
interface Surroundings {
  readonly bridge: ShownLink | undefined;
  readonly gatewayLink: ShownLink | undefined;
}

/** How long the kernel may take to let frames through a new port. */
const PORT_PATIENCE_MS = 2500;

/** How often an ADD gives way to others who take its names at the same moment. */
const TRIES = 3;

/** Joins the container to the bridge. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const settings = settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const backend = settings.ipMasq ? (settings.ipMasqBackend ?? likelyBackend(call.environment)) : undefined;
    const options = { ...(await runOptions(call.environment, 'bridge')), signal: termination() };
    const ahead = backend && (await startMasquerade(backend, options));
    const folder = recordFolder(call.environment);
    const work: Work = {
      call,
      settings,
      netns,
      options,
      lock: shareFolder(folder),
      records: new RecordStore(folder),
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
  const { startAhead } = await import('../../pkg/netfilter/ahead.ts');
  return startAhead(ownNetns(), backend, options);
}

async function addWith(work: Work): Promise<Result> {
  const { call, settings } = work;
  // Before an address is asked for: nothing has to be taken back yet.
  const surroundings = await lookAround(work);
  if (settings.ipam === '') return await attach(work, undefined, surroundings);
  const leased = await call.delegate.add({
    type: settings.ipam,
    config: call.configText,
    environment: RECORDED,
  });
  try {
    return await attach(work, leased, surroundings);
  } catch (thrown) {
    await release(work);
    throw thrown;
  }
}

async function lookAround(work: Work): Promise<Surroundings> {
  const { call, settings, netns, options } = work;
  const host = ownNetns();
  const vlan = settings.isGateway ? (settings.vlans?.access ?? 0) : 0;
  const gateway = gatewayLinkName(settings.bridge, vlan);
  const wanted = [{ place: netns, command: ip`link show dev ${call.ifName}` }, linkIn(host, settings.bridge)];
  if (vlan !== 0) wanted.push(linkIn(host, gateway));
  const [same, bridge, gatewayLink] = await lookAt(wanted, options);
  if (same !== undefined) throw await takenError(work);
  refuseOtherKind(settings.bridge, bridge);
  warnOfMissingFilter(call, settings, bridge);
  return { bridge, gatewayLink: vlan === 0 ? bridge : gatewayLink };
}

async function takenError({ call, netns, options }: Work): Promise<CniError> {
  const [link] = await lookAt([linkIn(netns, call.ifName)], options);
  const hostLink = hostLinkName({ network: call.network, containerId: call.containerId, ifName: call.ifName });
  return new CniError(
    ErrorCode.internal,
    `container veth name ("${call.ifName}") peer provided ("${hostLink}") already exists`,
    `namespace ${call.netns} has a link ${call.ifName} already (${link?.linkinfo?.info_kind ?? 'a device'}, ` +
      `${(link && addressesOf(link).join(', ')) || 'without addresses'}); expected none. Either this container was added before ` +
      'and never removed, or two networks use the same interface name',
  );
}

function warnOfMissingFilter(call: AddCall, settings: BridgeSettings, bridge: ShownLink | undefined): void {
  if (settings.vlans === undefined || bridge === undefined) return;
  if (bridge.linkinfo?.info_data?.vlan_filtering !== 0) return;
  call.warn(
    `bridge: ${settings.bridge} was made without a VLAN filter, so VLANs are not kept apart; ` +
      `\`ip link set dev ${settings.bridge} type bridge vlan_filtering 1\` mends it`,
  );
}

async function attach(work: Work, leased: Result | undefined, first: Surroundings): Promise<Result> {
  const { call, settings, netns, options, lock, records } = work;
  const name = { network: call.network, containerId: call.containerId, ifName: call.ifName };
  const addressing = leased && addressingOf(leased, settings);
  const macs = { bridgeMac: randomMac(), hostMac: randomMac(), mac: settings.mac ?? randomMac() };
  // One that is there already is of an ADD that was never finished or never taken down.
  const mayHaveRules =
    (settings.ipMasq || settings.macSpoofCheck) &&
    records.readForContainer(call.containerId).records.some(({ plugin }) => plugin === 'bridge');
  let surroundings = first;
  let hostLink = hostLinkName(name);
  for (let tries = 1; ; tries += 1) {
    const { bridge: found, gatewayLink } = surroundings;
    const outdated = await outdatedAddresses(work, addressing, gatewayLink);
    const shared = { settings, found, lock, options };
    const attachment: Attachment = {
      ...shared,
      name,
      netns,
      hostLink,
      ...macs,
      gatewayMac: gatewayLink?.address ?? randomMac(),
      addressing,
      gatewayLink,
      outdated,
      mayHaveRules,
      ahead: work.ahead,
    };
    try {
      return await carryOut(work, attachment, leased);
    } catch (thrown) {
      if (tries === TRIES || !(thrown instanceof PlanError) || thrown.errno !== 'EEXIST') throw thrown;
      // Somebody else has the host's end's name, or has just made what is shared.
      surroundings = await lookAround(work);
      hostLink = randomLinkName();
    }
  }
}

/** Addresses of the gateway's link that nobody needs any more; those that somebody needs are an error. */
async function outdatedAddresses(
  { call, settings, records, options }: Work,
  addressing: Addressing | undefined,
  gatewayLink: ShownLink | undefined,
): Promise<readonly string[]> {
  if (gatewayLink === undefined || addressing === undefined || addressing.gateways.length === 0) return [];
  const existing = addressesOf(gatewayLink);
  if (existing.length === 0 || missingOn(gatewayLink, addressing.gateways).length === 0) return [];
  const { conflicting, refuseIfUsed } = await import('./address-conflict.ts');
  const outdated = conflicting(existing, addressing.gateways);
  if (settings.forceAddress) return outdated;
  const context = { bridge: settings.bridge, link: gatewayLink.ifname, records, options, warn: call.warn };
  for (const address of outdated) await refuseIfUsed(address, addressing.gateways, context);
  return outdated;
}

async function carryOut(work: Work, attachment: Attachment, leased: Result | undefined): Promise<Result> {
  const { call, backend, options } = work;
  note(work, attachment, backend);
  let run: PlanRun | undefined;
  try {
    run = await runPlan(await planAttachment(attachment), options);
    const used = run.captures.get(CAPTURE.masquerade) as MasqueradeBackend | undefined;
    if (used !== backend) note(work, attachment, used);
    await portForwards(attachment, run);
    return resultOf(work, attachment, run, leased);
  } catch (thrown) {
    for (const leftover of (await run?.undo()) ?? []) call.warn(`bridge: could not be undone: ${leftover}`);
    forget(work);
    throw thrown;
  }
}

/** Frames pass the port from when the kernel says so; ADD ends no sooner. */
async function portForwards({ settings, hostLink, options }: Attachment, run: PlanRun): Promise<void> {
  if (settings.leavesLinkDown) return;
  const [port] = run.captures.get(CAPTURE.port) as readonly ShownLink[];
  if (port?.operstate === 'UP') return;
  const { waitUntilUp } = await import('../../pkg/attach/wait.ts');
  const state = await waitUntilUp(ownNetns(), hostLink, PORT_PATIENCE_MS, options);
  if (state === 'UP') return;
  throw new CniError(
    ErrorCode.internal,
    `bridge port in error state: ${state.toLowerCase()}`,
    `${hostLink}, a port of ${settings.bridge}, is still not up after ${PORT_PATIENCE_MS} ms`,
  );
}

function resultOf(work: Work, attachment: Attachment, run: PlanRun, leased: Result | undefined): Result {
  const { call, settings } = work;
  const { hostLink, hostMac, mac, addressing } = attachment;
  const [bridge] = (run.captures.get(CAPTURE.bridge) as readonly ShownLink[] | undefined) ?? [attachment.found];
  const bridgeMac = bridge === undefined || isZeroMac(bridge.address) ? {} : { mac: bridge.address };
  const interfaces = [
    { name: settings.bridge, ...bridgeMac },
    { name: hostLink, mac: hostMac },
    { name: call.ifName, mac, sandbox: call.netns },
    ...vlanGateway(attachment),
  ];
  const dns = settings.dns ?? leased?.dns;
  return {
    interfaces,
    ...(addressing === undefined ? {} : { ips: [...addressing.ips], routes: [...addressing.routes] }),
    ...(dns === undefined ? {} : { dns }),
  };
}

/** The host's port in the containers' VLAN, where the gateway's address is on one. */
function vlanGateway({ settings, addressing, gatewayMac }: Attachment): Interface[] {
  const vlan = settings.vlans?.access ?? 0;
  if (vlan === 0 || addressing === undefined || addressing.gateways.length === 0) return [];
  return [{ name: gatewayLinkName(settings.bridge, vlan), mac: gatewayMac }];
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function note(
  { call, netns, records, settings }: Work,
  attachment: Attachment,
  backend: MasqueradeBackend | undefined,
): void {
  const { network, containerId, ifName } = call;
  const ipam = rawIpamOf(call.rawConf);
  const notes: BridgeNotes = {
    hostLink: attachment.hostLink,
    bridge: settings.bridge,
    addresses: addressesIn(attachment),
    masquerade: backend === undefined ? [] : [backend],
    spoofCheck: settings.macSpoofCheck,
    mac: attachment.mac,
    ...(ipam === undefined ? {} : { ipam }),
  };
  const warning = records.write({
    network,
    containerId,
    ifName,
    plugin: 'bridge',
    netns,
    cniArgs: call.args,
    data: { ...notes },
  });
  if (warning !== undefined) call.warn(`bridge: ${warning}`);
}

function addressesIn({ addressing }: Attachment): readonly string[] {
  const addresses: string[] = [];
  for (const { address } of addressing?.ips ?? []) addresses.push(address);
  return addresses;
}

function forget({ call, records }: Work): void {
  const { network, containerId, ifName } = call;
  const warning = records.remove({ network, containerId, ifName, plugin: 'bridge' });
  if (warning !== undefined) call.warn(`bridge: ${warning}`);
}

async function release({ call, settings }: Work): Promise<void> {
  try {
    await call.delegate.run({ type: settings.ipam, verb: 'DEL', config: call.configText });
  } catch (thrown) {
    call.warn(`bridge: the address could not be released: ${toCniError(thrown)}`);
  }
}
