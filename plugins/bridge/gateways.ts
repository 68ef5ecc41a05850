import { addOffset, formatAddress } from '../../pkg/addr/address.ts';
import { networkAddress, parsePrefix } from '../../pkg/addr/prefix.ts';
import { ipsOf } from '../../pkg/attach/layer3.ts';
import type { IpConfig, Result, Route } from '../../pkg/types/result.ts';

/** Where the container's end stands in the result: behind the bridge and the host's end. */
const CONTAINER_INDEX = 2;

/** What the container gets, and what the bridge must have for it. */
export interface Addressing {
  readonly ips: readonly IpConfig[];
  readonly routes: readonly Route[];
  /** Gateways with the prefix length of their network, IPv4 first: addresses of the bridge. */
  readonly gateways: readonly string[];
}

const DEFAULT_ROUTES = ['0.0.0.0/0', '::/0'];

/** Completes what the IPAM plugin gave: gateways, default routes. */
export function addressingOf(
  leased: Result,
  { isGateway, isDefaultGateway }: { readonly isGateway: boolean; readonly isDefaultGateway: boolean },
): Addressing {
  const ips: IpConfig[] = [];
  for (const { address, gateway: given } of ipsOf(leased)) {
    const gateway = given ?? (isGateway ? firstAddress(address) : undefined);
    ips.push({ address, ...(gateway === undefined ? {} : { gateway }), interface: CONTAINER_INDEX });
  }
  const routes = isDefaultGateway ? withDefaultRoutes(leased.routes ?? [], ips) : (leased.routes ?? []);
  return { ips, routes, gateways: isGateway ? gatewaysOf(ips) : [] };
}

/** The address after the network's own, also where that is not for hosts: what the reference takes for the gateway. */
function firstAddress(address: string): string | undefined {
  const prefix = parsePrefix(address);
  const first = prefix && addOffset(networkAddress(prefix), 1n);
  return first && formatAddress(first);
}

/** One default route per family, unless there is one already. */
function withDefaultRoutes(routes: readonly Route[], ips: readonly IpConfig[]): readonly Route[] {
  const all = [...routes];
  for (const [index, dst] of DEFAULT_ROUTES.entries()) {
    const gw = ips.find(({ gateway }) => gateway?.includes(':') === (index === 1))?.gateway;
    if (gw !== undefined && !routes.some((route) => isSameDefault(route, dst))) all.push({ dst, gw });
  }
  return all;
}

/** A route with a metric or a table of its own stands beside the default route; one without would be the same again. */
function isSameDefault({ dst, gw, priority = 0, table }: Route, wanted: string): boolean {
  return dst === wanted && (gw !== undefined || (priority === 0 && table === undefined));
}

function gatewaysOf(ips: readonly IpConfig[]): readonly string[] {
  const ipv4: string[] = [];
  const ipv6: string[] = [];
  for (const { address, gateway } of ips) {
    if (gateway === undefined) continue;
    const text = `${gateway}${address.slice(address.indexOf('/'))}`;
    const list = text.includes(':') ? ipv6 : ipv4;
    if (!list.includes(text)) list.push(text);
  }
  return [...ipv4, ...ipv6];
}
