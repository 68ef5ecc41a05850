import { addressesOf, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { takenError } from '../../pkg/attach/pair/veth.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { conflicting, refuseIfUsed } from './address-conflict.ts';
import { missingOn } from './attach.ts';
import { refuseOtherKind } from './bridge-link.ts';
import type { Addressing } from './gateways.ts';
import type { BridgeConf } from './schema.ts';
import type { BridgeSettings } from './settings.ts';
import { gatewayLinkName } from './vlans.ts';

/** A call of ADD. */
export type AddCall = AttachmentCall<BridgeConf>;

/** What it takes to look at what is there. */
export interface Looking {
  readonly call: AddCall;
  readonly settings: BridgeSettings;
  readonly netns: Netns;
  readonly options: RunOptions;
}

/** What is there already. */
export interface Surroundings {
  readonly bridge: ShownLink | undefined;
  readonly gatewayLink: ShownLink | undefined;
}

/** Looks at what is there, and refuses what is in the way. */
export async function lookAround(work: Looking): Promise<Surroundings> {
  const { call, settings, netns, options } = work;
  const { vlan, links } = sharedLinks(settings);
  const wanted = [{ place: netns, command: ip`link show dev ${call.ifName}` }, ...links];
  const [same, bridge, gatewayLink] = await lookAt(wanted, options);
  if (same !== undefined) throw await takenError(call, netns, options);
  refuseOtherKind(settings.bridge, bridge);
  warnOfMissingFilter(call, settings, bridge);
  return { bridge, gatewayLink: vlan === 0 ? bridge : gatewayLink };
}

/** What containers share, as it is when the container has its link already. */
export async function lookAtShared({ settings, options }: Looking): Promise<Surroundings> {
  const { vlan, links } = sharedLinks(settings);
  const [bridge, gatewayLink] = await lookAt(links, options);
  return { bridge, gatewayLink: vlan === 0 ? bridge : gatewayLink };
}

function sharedLinks(settings: BridgeSettings) {
  const host = ownNetns();
  const vlan = settings.isGateway ? (settings.vlans?.access ?? 0) : 0;
  const links = [linkIn(host, settings.bridge)];
  if (vlan !== 0) links.push(linkIn(host, gatewayLinkName(settings.bridge, vlan)));
  return { vlan, links };
}

function warnOfMissingFilter(call: AddCall, settings: BridgeSettings, bridge: ShownLink | undefined): void {
  if (settings.vlans === undefined || bridge === undefined) return;
  if (bridge.linkinfo?.info_data?.vlan_filtering !== 0) return;
  call.warn(
    `bridge: ${settings.bridge} was made without a VLAN filter, so VLANs are not kept apart; ` +
      `\`ip link set dev ${settings.bridge} type bridge vlan_filtering 1\` mends it`,
  );
}

/** Addresses of the gateway's link that nobody needs any more; those that somebody needs are an error. */
export async function outdatedAddresses(
  { call, settings, options }: Looking,
  addressing: Addressing | undefined,
  gatewayLink: ShownLink | undefined,
): Promise<readonly string[]> {
  if (gatewayLink === undefined || addressing === undefined || addressing.gateways.length === 0) return [];
  const existing = addressesOf(gatewayLink);
  if (existing.length === 0 || missingOn(gatewayLink, addressing.gateways).length === 0) return [];
  const outdated = conflicting(existing, addressing.gateways);
  if (settings.forceAddress) return outdated;
  const { records, warn } = call;
  const context = { bridge: settings.bridge, link: gatewayLink.ifname, records, options, warn };
  for (const address of outdated) await refuseIfUsed(address, addressing.gateways, context);
  return outdated;
}
