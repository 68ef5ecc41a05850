import { bitsOf, formatAddress } from '../../pkg/addr/address.ts';
import { formatPrefix, networkOf, parsePrefix } from '../../pkg/addr/prefix.ts';
import { linkAlias } from '../../pkg/attach/identity.ts';
import { addressCommand, forwardingSettings, ipsOf, planLayer3, planRoutes } from '../../pkg/attach/layer3.ts';
import { planVeth } from '../../pkg/attach/pair/veth.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { ProgramAhead } from '../../pkg/netfilter/ahead.ts';
import { addMasquerade } from '../../pkg/netfilter/masquerade.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { forwardingAction } from '../../pkg/plan/forwarding.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { type Attachment, attachmentOf } from '../../pkg/types/attachment.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { IpConfig, Result, Route } from '../../pkg/types/result.ts';
import type { AddCall, PtpSettings } from './settings.ts';

/** An address of the container, the gateway that the host is, and what lies between them. */
export interface PtpAddress {
  /** With its prefix length. */
  readonly address: string;
  /** The address by itself. */
  readonly host: string;
  /** The network around it; `undefined` for a single address. */
  readonly network: string | undefined;
  readonly gateway: string;
  /** The length of a single address: 32 or 128. */
  readonly bits: number;
}

/** Everything that is decided before anything is done. */
export interface NewAttachment {
  readonly settings: PtpSettings;
  readonly name: Attachment;
  readonly netns: Netns;
  readonly hostLink: string;
  readonly hostMac: string;
  readonly mac: string;
  readonly ips: readonly PtpAddress[];
  readonly routes: readonly Route[];
  /** Whether rules of an earlier ADD of this attachment may be there still. */
  readonly mayHaveRules: boolean;
  /** The program for the masquerade, when it could be started before the address was known. */
  readonly ahead: ProgramAhead | undefined;
}

/** Under which name {@link planAttachment} keeps the backend that masquerades. */
export const MASQUERADE = 'masquerade';

/** Where the container's end stands in the result: behind the host's. */
export const CONTAINER_INDEX = 1;

/** What the container's addresses lead through. */
export function ptpAddressesOf(leased: Result): readonly PtpAddress[] {
  return ipsOf(leased).map(ptpAddressOf);
}

function ptpAddressOf({ address, gateway }: IpConfig): PtpAddress {
  const prefix = parsePrefix(address);
  if (prefix === undefined) throw new CniError(ErrorCode.internal, `invalid CIDR address: ${address}`);
  if (gateway === undefined) {
    throw new CniError(
      ErrorCode.internal,
      `failed to add route: ${address} has no gateway`,
      'the host takes the address of the gateway, so the IPAM plugin has to give one: set "gateway" beside the ' +
        'address (static) or the subnet (host-local)',
    );
  }
  const bits = bitsOf(prefix.address.family);
  const network = prefix.length === bits ? undefined : formatPrefix(networkOf(prefix));
  return { address, host: formatAddress(prefix.address), network, gateway, bits };
}

/** The whole ADD. Rules wait for the kernel's grace period, so they are made beside the links. */
export async function planAttachment(attachment: NewAttachment): Promise<Plan> {
  const { settings, name, ips, mayHaveRules, ahead } = attachment;
  const links = planLinks(attachment);
  if (!settings.ipMasq) return links;
  const addresses = ips.map(({ address }) => address);
  const action = addMasquerade({ ...attachmentOf(name), addresses }, settings.ipMasqBackend, {
    mayExist: mayHaveRules,
    ahead,
  });
  return new Plan().together(new Plan().do(ownNetns(), action, { capture: MASQUERADE, failing: '' }), links);
}

function planLinks(attachment: NewAttachment): Plan {
  const { settings, netns, name, hostLink, ips, routes } = attachment;
  const plan = new Plan();
  for (const setting of forwardingSettings(ips.map(({ gateway }) => gateway))) {
    plan.do(ownNetns(), forwardingAction(setting), { failing: 'Could not enable IP forwarding' });
  }
  planVeth(plan, { ...attachment, ifName: name.ifName, mtu: settings.mtu });
  planHostEnd(plan, attachment);
  planLayer3(plan, netns, name.ifName, { ips: ips, routes: [] });
  planGateways(plan, attachment);
  // While the network is still directly there: a route may lead through any address in it.
  planRoutes(plan, netns, name.ifName, { ips: ips, routes });
  planWaysThrough(plan, attachment);
  for (const { host, bits } of ips) {
    const scope = bits === 32 ? ip.part`scope host` : ip.none;
    plan.host(ip`route add ${host}/${bits} dev ${hostLink} ${scope}`, { failing: 'failed to add route on host' });
  }
  return plan;
}

function planHostEnd(plan: Plan, { hostLink, name, ips }: NewAttachment): void {
  // It asks for the container from its own address, and would be silent until the kernel knows it for unique: two
  // seconds. On a pair nobody else can have it.
  plan.sysctl(ownNetns(), `net/ipv6/conf/${hostLink}/accept_dad`, '0', { optional: true, fresh: true });
  plan.host(ip`link set dev ${hostLink} alias ${linkAlias(name)} up`, { failing: `failed to set "${hostLink}" up` });
  // Nobody on the host's side of a container should listen to its router advertisements.
  plan.sysctl(ownNetns(), `net/ipv6/conf/${hostLink}/accept_ra`, '0', { optional: true, fresh: true });
  for (const { gateway, bits } of distinct(ips, ({ gateway }) => gateway)) {
    plan.host(addressCommand(`${gateway}/${bits}`, hostLink), {
      failing: `failed to add IP addr (${gateway}/${bits}) to veth`,
    });
  }
}

/** The gateway itself is on the other end of the pair, whatever the network is. */
function planGateways(plan: Plan, { netns, name: { ifName }, ips }: NewAttachment): void {
  for (const { gateway, bits, host } of distinct(ips, (one) => one.gateway)) {
    const scope = bits === 32 ? ip.part`scope link` : ip.none;
    plan.inside(netns, ip`route add ${gateway}/${bits} dev ${ifName} ${scope} src ${host}`, {
      failing: `failed to add route to the gateway ${gateway}`,
    });
  }
}

/** Nobody else is on the pair, so the network that the kernel takes to be there leads through the gateway instead. */
function planWaysThrough(plan: Plan, { netns, name: { ifName }, ips }: NewAttachment): void {
  for (const { network } of distinct(ips, (one) => one.network)) {
    if (network === undefined) continue;
    for (const other of ips.filter((one) => one.network === network)) {
      plan.inside(netns, removal(network, ifName, other), {
        tolerate: ['ESRCH'],
        failing: `failed to delete route ${network}`,
      });
    }
  }
  for (const { network, gateway, host } of distinct(ips, (one) => one.network)) {
    if (network === undefined) continue;
    plan.inside(netns, ip`route add ${network} via ${gateway} dev ${ifName} src ${host}`, {
      failing: `failed to add route ${network} via ${gateway}`,
    });
  }
}

/** The kernel makes one such route for each IPv4 address of the network, with that address as its source. */
function removal(network: string, ifName: string, { host, bits }: PtpAddress) {
  return ip`route del ${network} dev ${ifName} ${bits === 32 ? ip.part`src ${host}` : ip.none}`;
}

function distinct(ips: readonly PtpAddress[], key: (one: PtpAddress) => string | undefined): readonly PtpAddress[] {
  const seen = new Set<string | undefined>();
  const found: PtpAddress[] = [];
  for (const one of ips) {
    if (!seen.has(key(one))) found.push(one);
    seen.add(key(one));
  }
  return found;
}

/** What the runtime is told of an attachment. */
export function resultOf(call: AddCall, { settings, hostLink, hostMac, mac }: NewAttachment, leased: Result): Result {
  const dns = settings.dns ?? leased.dns;
  return {
    interfaces: [
      { name: hostLink, mac: hostMac },
      { name: call.ifName, mac, sandbox: call.netns },
    ],
    ips: ipsOf(leased).map((config) => ({ ...config, interface: CONTAINER_INDEX })),
    routes: leased.routes ?? [],
    ...(dns === undefined ? {} : { dns }),
  };
}
