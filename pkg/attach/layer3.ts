import { formatAddress } from '../addr/address.ts';
import { broadcastAddress, formatPrefix, networkOf, type Prefix, parsePrefix } from '../addr/prefix.ts';
import { ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import type { ForwardingSetting } from '../plan/forwarding.ts';
import type { Plan } from '../plan/plan.ts';
import { sysctlAction } from '../plan/sysctl.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { IpConfig, Result, Route } from '../types/result.ts';

/** What a link in a container gets before it is set up. */
export interface Layer3 {
  readonly ips: readonly IpConfig[];
  readonly routes: readonly Route[];
}

/** How the addresses are added. */
interface Layer3Options {
  /** Lets the kernel look for duplicates of IPv6 addresses first; by default they are ours by construction. */
  readonly detectDuplicates?: boolean;
}

/** Longer prefixes of IPv4 have no broadcast address. */
const LONGEST_WITH_BROADCAST = 30;

/** Scopes that `ip` has words for; others it takes as numbers. */
const UNIVERSE = 0;
const LINK_SCOPE = 253;

/** The steps that give a link in a container its addresses, set it up and lay its routes. */
export function planLayer3(
  plan: Plan,
  netns: Netns,
  ifName: string,
  layer3: Layer3,
  options: Layer3Options = {},
): void {
  planAddresses(plan, netns, ifName, layer3, options);
  planRoutes(plan, netns, ifName, layer3);
}

/** The steps that give a link in a container its addresses and set it up. */
export function planAddresses(
  plan: Plan,
  netns: Netns,
  ifName: string,
  { ips }: Pick<Layer3, 'ips'>,
  { detectDuplicates = false }: Layer3Options = {},
): void {
  if (hasIpv6(ips)) planIpv6(plan, netns, ifName);
  for (const { address } of ips) {
    plan.inside(netns, addressCommand(address, ifName, detectDuplicates), {
      failing: `failed to add IP addr ${address} to "${ifName}"`,
    });
  }
  plan.inside(netns, ip`link set dev ${ifName} up`, { failing: `failed to set "${ifName}" UP` });
}

/** The steps that lay the routes of a link that is up. */
export function planRoutes(plan: Plan, netns: Netns, ifName: string, { ips, routes }: Layer3): void {
  for (const route of routes) {
    const gateway = route.gw ?? familyGateway(ips, route.dst);
    plan.inside(netns, routeCommand(route, gateway, ifName), {
      failing: `failed to add route '${routeText(route, gateway, ifName)}'`,
    });
  }
}

function hasIpv6(ips: readonly IpConfig[]): boolean {
  for (const { address } of ips) if (address.includes(':')) return true;
  return false;
}

/** `ip addr add` as every plugin of the suite writes it. */
export function addressCommand(address: string, link: string, detectDuplicates = false) {
  const broadcast = broadcastOf(address);
  return ip`addr add ${address} ${broadcast === undefined ? ip.none : ip.part`broadcast ${broadcast}`} dev ${link} ${
    address.includes(':') && !detectDuplicates ? ip.part`nodad` : ip.none
  }`;
}

/** A link that has IPv6 switched off gets it, and keeps its addresses when it goes down. */
function planIpv6(plan: Plan, netns: Netns, ifName: string): void {
  for (const link of ['lo', ifName]) {
    // A kernel without IPv6 has no such setting; adding the address then says so.
    plan.do(netns, sysctlAction(`net/ipv6/conf/${link}/disable_ipv6`, '0'), {
      tolerate: ['ENOENT'],
      failing: `failed to enable IPv6 for interface "${link}" (net/ipv6/conf/${link}/disable_ipv6=1)`,
    });
  }
  plan.do(netns, sysctlAction(`net/ipv6/conf/${ifName}/keep_addr_on_down`, '1', { fresh: true }), {
    tolerate: ['ENOENT'],
    failing: `failed to enable keep_addr_on_down for interface "${ifName}"`,
  });
}

function broadcastOf(address: string): string | undefined {
  if (address.includes(':')) return undefined;
  const prefix = prefixIn(address);
  return prefix.length > LONGEST_WITH_BROADCAST ? undefined : formatAddress(broadcastAddress(prefix));
}

/** The gateway of the first address of a destination's family that has one. */
function familyGateway(ips: readonly IpConfig[], destination: string): string | undefined {
  const isIpv6 = destination.includes(':');
  for (const { gateway } of ips) if (gateway !== undefined && gateway.includes(':') === isIpv6) return gateway;
  return undefined;
}

/** Created, but not exclusively: a second route to the same destination is allowed as long as it differs. */
function routeCommand(route: Route, gateway: string | undefined, link: string) {
  const via = gateway === undefined ? ip.none : ip.part`via ${gateway}`;
  const metric = (route.priority ?? 0) > 0 ? ip.part`metric ${route.priority ?? 0}` : ip.none;
  const table = route.table === undefined ? ip.none : ip.part`table ${route.table}`;
  // The kernel takes no host bits in a destination; results keep them.
  const destination = formatPrefix(networkOf(prefixIn(route.dst)));
  return ip`route prepend ${destination} ${via} dev ${link} ${metric} ${table} scope ${scopeWord(route.scope)}`;
}

function prefixIn(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new CniError(ErrorCode.internal, `invalid CIDR address: ${text}`);
  return prefix;
}

function scopeWord(scope = UNIVERSE): string | number {
  if (scope === UNIVERSE) return 'global';
  return scope === LINK_SCOPE ? 'link' : scope;
}

function routeText({ dst, priority = 0, scope = 0, table = 0 }: Route, gateway: string | undefined, link: string) {
  const via = gateway === undefined ? '' : ` via ${gateway}`;
  const scopeName = scope === UNIVERSE ? 'universe' : scope === LINK_SCOPE ? 'link' : scope;
  return `${dst}${via} dev ${link} metric ${priority} (Scope: ${scopeName}, Table: ${table})`;
}

/** The addresses that an IPAM plugin gave; none at all is an error. */
export function ipsOf({ ips }: Result): readonly IpConfig[] {
  if (ips !== undefined && ips.length > 0) return ips;
  throw new CniError(
    ErrorCode.internal,
    'IPAM plugin returned missing IP config',
    'its result has no "ips"; expected at least one address, or no ipam section for a link without addresses',
  );
}

/** What an IPAM plugin gave, for the only interface of a result. */
export function layer3Of(leased: Result): Layer3 {
  const ips: IpConfig[] = [];
  for (const { address, gateway } of ipsOf(leased)) {
    ips.push({ address, ...(gateway === undefined ? {} : { gateway }), interface: 0 });
  }
  return { ips, routes: leased.routes ?? [] };
}

/** The settings that have to be on for these gateways to pass packets on. */
export function forwardingSettings(gateways: readonly string[]): readonly ForwardingSetting[] {
  let [hasIpv4, hasIpv6] = [false, false];
  for (const address of gateways) {
    if (address.includes(':')) hasIpv6 = true;
    else hasIpv4 = true;
  }
  const settings: ForwardingSetting[] = [];
  if (hasIpv4) settings.push('net/ipv4/ip_forward');
  if (hasIpv6) settings.push('net/ipv6/conf/all/forwarding');
  return settings;
}
