import { EarlyMldReport } from '../../pkg/announce/early-mld-report.ts';
import { linkAlias } from '../../pkg/attach/identity.ts';
import { forwardingSettings, planAddresses, planLayer3, planRoutes } from '../../pkg/attach/layer3.ts';
import { addressesOf, isZeroMac, type ShownLink } from '../../pkg/attach/links.ts';
import { planVeth } from '../../pkg/attach/pair/veth.ts';
import { settleAction } from '../../pkg/attach/wait.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { ProgramAhead } from '../../pkg/netfilter/ahead.ts';
import { addMasquerade } from '../../pkg/netfilter/masquerade.ts';
import { addSpoofCheck } from '../../pkg/netfilter/spoof-check.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { forwardingAction } from '../../pkg/plan/forwarding.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import { type Attachment, attachmentOf } from '../../pkg/types/attachment.ts';
import { planAddressRemoval, planBridge, planGatewayAddress, type SharedBridge } from './bridge-link.ts';
import type { Addressing } from './gateways.ts';
import type { BridgeSettings } from './settings.ts';
import { gatewayLinkName, planPortVlans, planVlanGateway } from './vlans.ts';

/** Everything that is decided before anything is done. */
export interface NewAttachment extends SharedBridge {
  readonly name: Attachment;
  readonly netns: Netns;
  readonly hostLink: string;
  readonly hostMac: string;
  readonly mac: string;
  /** MAC of the link that has the gateway's address, when that is not the bridge itself. */
  readonly gatewayMac: string;
  /** `undefined`: the container gets a link without addresses. */
  readonly addressing: Addressing | undefined;
  /** The link that has or gets the gateway's address, as it was found. */
  readonly gatewayLink: ShownLink | undefined;
  /** Addresses on that link that have to go. */
  readonly outdated: readonly string[];
  /** Whether rules of an earlier ADD of this attachment may be there still. */
  readonly mayHaveRules: boolean;
  /** The program for the masquerade, when it could be started before the address was known. */
  readonly ahead: ProgramAhead | undefined;
  /** On a bridge with so many ports that nobody should wait for what the container's link has to say. */
  readonly mldReport: EarlyMldReport | undefined;
}

/** With more containers the bridge hands a frame to so many ports that nobody should wait for it. */
const LARGE_BRIDGE_CONTAINERS = 100;

/** For settings of a link that was just made, without which it works as well. */
const NEW = { optional: true, fresh: true } as const;

/** Has a container's link tell of its groups early on a bridge with very many ports; `undefined` where there are fewer. */
export function mldReportFor(records: RecordStore, settings: BridgeSettings, link: string, mac: string) {
  if (settings.detectDuplicates || settings.leavesLinkDown) return undefined;
  return records.containers > LARGE_BRIDGE_CONTAINERS ? new EarlyMldReport(link, mac) : undefined;
}

/** What {@link planAttachment}'s steps find out. */
export const CAPTURE = { bridge: 'bridge', port: 'port', masquerade: 'masquerade' } as const;

/** The whole ADD; what has nothing to do with each other is made side by side. */
export async function planAttachment(attachment: NewAttachment): Promise<Plan> {
  const { settings, name, hostLink, mac, mayHaveRules } = attachment;
  const beside = await masqueradeBeside(attachment);
  if (settings.macSpoofCheck) {
    const action = addSpoofCheck({ ...attachmentOf(name), hostLink, mac }, { mayExist: mayHaveRules });
    beside.push(new Plan().do(ownNetns(), action, { failing: 'failed to setup spoof-check' }));
  }
  const pair = new Plan();
  planPair(pair, attachment);
  const rest = new Plan();
  planJoining(rest, attachment);
  return withRules(attachment, beside, rest, pair);
}

/** Addresses for a container that has its link already, and what follows from them. */
export async function planAddressing(attachment: NewAttachment, addressing: Addressing): Promise<Plan> {
  const { settings, netns, name } = attachment;
  const links = new Plan();
  planContainerSettings(links, attachment);
  planLayer3(links, netns, name.ifName, addressing, settings);
  planForwarding(links, attachment, addressing);
  planGateway(links, attachment, addressing);
  links.host(ip`link show dev ${settings.bridge}`, { capture: CAPTURE.bridge });
  return withRules(attachment, await masqueradeBeside(attachment), links);
}

/**
 * Links with rules beside them. A program that makes rules takes longer than anything else, and so comes first. Whoever
 * makes a pair waits until no processor is busy with rules in the kernel, so without a program these come after the pair.
 */
async function withRules(
  attachment: NewAttachment,
  beside: readonly Plan[],
  links: Plan,
  pair: Plan = new Plan(),
): Promise<Plan> {
  const { settings, addressing, name, ahead } = attachment;
  if (settings.detectDuplicates && addressing?.ips.some(({ address }) => address.includes(':'))) {
    links.do(attachment.netns, settleAction(name.ifName, attachment.options));
  }
  if (beside.length === 0) return pair.append(links);
  if (ahead !== undefined) return new Plan().together(...beside, pair.append(links));
  return pair.together(...beside, links);
}

async function masqueradeBeside({ settings, addressing, name, mayHaveRules, ahead }: NewAttachment): Promise<Plan[]> {
  if (!settings.ipMasq || addressing === undefined) return [];
  const masquerade = { ...attachmentOf(name), addresses: addressing.ips.map(({ address }) => address) };
  const action = addMasquerade(masquerade, settings.ipMasqBackend, { mayExist: mayHaveRules, ahead });
  return [new Plan().do(ownNetns(), action, { capture: CAPTURE.masquerade, failing: '' })];
}

/** Makes the pair, and sets both ends up, of which the kernel has a lot to say to all; nobody waits for that here. */
function planPair(plan: Plan, attachment: NewAttachment): void {
  const { settings, netns, name, hostLink, addressing } = attachment;
  planBridge(plan, attachment);
  planVeth(plan, { ...attachment, ifName: name.ifName, mtu: settings.mtu });
  // Nobody on the host's side of a container should listen to its router advertisements.
  plan.sysctl(ownNetns(), `net/ipv6/conf/${hostLink}/accept_ra`, '0', NEW);
  // While it is down: of a link that is up the kernel would tell all, which costs more the more links there are.
  plan.host(ip`link set dev ${hostLink} alias ${linkAlias(name)}`, { failing: `failed to name "${hostLink}"` });
  plan.host(ip`link set dev ${hostLink} up`, { failing: `failed to set "${hostLink}" up` });
  // The question whether somebody has the address already is asked only once.
  if (settings.detectDuplicates) planPort(plan, attachment);
  if (attachment.mldReport !== undefined) plan.do(netns, attachment.mldReport.begin(), { tolerate: 'any' });
  if (addressing !== undefined) {
    planForwarding(plan, attachment, addressing);
    planContainerSettings(plan, attachment);
    planAddresses(plan, netns, name.ifName, addressing, settings);
  } else if (!settings.leavesLinkDown) {
    plan.inside(netns, ip`link set dev ${name.ifName} up`, { failing: `failed to set "${name.ifName}" up` });
  }
}

/**
 * Makes the pair part of the bridge when it has said what it says by itself: the bridge has to hand every such packet to
 * all its ports, and whoever changes a link waits meanwhile. It is said again when nobody waits.
 */
function planJoining(plan: Plan, attachment: NewAttachment): void {
  const { settings, netns, name, hostLink, addressing } = attachment;
  if (addressing !== undefined) {
    planRoutes(plan, netns, name.ifName, addressing);
    planGateway(plan, attachment, addressing);
  }
  if (!settings.detectDuplicates) planPort(plan, attachment);
  if (mayChangeMac(attachment)) plan.host(ip`link show dev ${settings.bridge}`, { capture: CAPTURE.bridge });
  plan.host(ip`link show dev ${hostLink}`, { capture: CAPTURE.port });
  if (attachment.mldReport !== undefined) plan.do(netns, attachment.mldReport.end(), { tolerate: 'any' });
}

/** A bridge with the gateway's address had its MAC fixed by whoever gave it that; any other may take its ports'. */
function mayChangeMac({ settings, found, gatewayLink, addressing }: NewAttachment): boolean {
  if (found === undefined || gatewayLink !== found || !settings.isGateway) return true;
  return addressing === undefined || missingOn(found, addressing.gateways).length > 0;
}

/** Which addresses a link does not have. */
export function missingOn(link: ShownLink | undefined, addresses: readonly string[]): readonly string[] {
  const present = link === undefined ? [] : addressesOf(link);
  const missing: string[] = [];
  for (const address of addresses) if (!present.includes(address)) missing.push(address);
  return missing;
}

function planPort(plan: Plan, { settings, hostLink, options }: NewAttachment): void {
  const { bridge, hairpin, isolated, vlans } = settings;
  plan.host(ip`link set dev ${hostLink} master ${bridge}`, {
    failing: `failed to connect "${hostLink}" to bridge ${bridge}`,
  });
  if (hairpin || isolated) {
    plan.host(
      ip`link set dev ${hostLink} type bridge_slave ${hairpin ? ip.part`hairpin on` : ip.none} ${
        isolated ? ip.part`isolated on` : ip.none
      }`,
      { failing: `failed to set the port settings of "${hostLink}"` },
    );
  }
  if (vlans !== undefined) {
    planPortVlans(plan, hostLink, vlans, { options, failing: `failed to setup vlan tag on interface "${hostLink}"` });
  }
}

function planContainerSettings(plan: Plan, { settings, netns, name }: NewAttachment): void {
  const ipv6 = `net/ipv6/conf/${name.ifName}`;
  if (settings.detectDuplicates) {
    plan.sysctl(netns, `${ipv6}/enhanced_dad`, '1', NEW);
    plan.sysctl(netns, `${ipv6}/accept_dad`, '1', NEW);
  } else {
    plan.sysctl(netns, `${ipv6}/accept_dad`, '0', NEW);
  }
  // Who had the address before is forgotten by the neighbours at once.
  plan.sysctl(netns, `net/ipv4/conf/${name.ifName}/arp_notify`, '1', NEW);
}

function planGateway(plan: Plan, attachment: NewAttachment, { gateways }: Addressing): void {
  const { settings, gatewayLink, outdated, found } = attachment;
  if (!settings.isGateway || gateways.length === 0) return;
  const vlan = settings.vlans?.access ?? 0;
  const link = gatewayLinkName(settings.bridge, vlan);
  if (vlan !== 0) planVlanGateway(plan, attachment, vlan, { found: gatewayLink, mac: attachment.gatewayMac });
  for (const address of outdated) planAddressRemoval(plan, attachment, link, address);
  const missing = missingOn(gatewayLink, gateways);
  for (const address of missing) planGatewayAddress(plan, attachment, link, address);
  if (missing.length > 0 && vlan === 0 && found !== undefined && !isZeroMac(found.address)) {
    // A gateway must not change its MAC with every port that comes and goes.
    plan.host(ip`link set dev ${link} address ${found.address}`, { failing: "could not set bridge's mac" });
  }
}

function planForwarding(plan: Plan, { settings }: NewAttachment, { gateways }: Addressing): void {
  if (!settings.isGateway) return;
  for (const setting of forwardingSettings(gateways)) {
    plan.do(ownNetns(), forwardingAction(setting), { failing: 'failed to enable forwarding' });
  }
}
