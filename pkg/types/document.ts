import { CniError, ErrorCode } from './error.ts';
import type { Dns, Interface, IpConfig, Result, Route } from './result.ts';
import { resultFamily, type SpecVersion } from './version.ts';

/** A result document: keys in the order in which they are printed, `undefined` for those that are not. */
export interface ResultDocument {
  readonly cniVersion: string;
  readonly [key: string]: unknown;
}

/**
 * The document that says a result in a specification version.
 *
 * What the version cannot say is dropped; a result without any address cannot be said in 0.1.0 and 0.2.0 at all,
 * unless it was read from a document of these (`readFrom`): then nothing is lost.
 * MACs are taken as they are: leaving out the all-zero one of an interface without hardware address
 * is the decision of whoever made the result (a loopback interface does have that MAC).
 */
export function toDocument(result: Result, version: SpecVersion, readFrom?: string): ResultDocument {
  const family = resultFamily(version);
  if (family === 'pair') {
    const mayLackAddress = readFrom !== undefined && resultFamily(readFrom) === 'pair';
    return pairDocument(result, version, mayLackAddress);
  }
  return family === 'numbered' ? numberedDocument(result, version) : currentDocument(result, version);
}

function isIpv6(text: string): boolean {
  return text.includes(':');
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

function pairDocument(result: Result, cniVersion: SpecVersion, mayLackAddress: boolean): ResultDocument {
  const ip4 = pairEntry(result, false);
  const ip6 = pairEntry(result, true);
  if (ip4 === undefined && ip6 === undefined && !mayLackAddress) {
    throw new CniError(
      ErrorCode.internal,
      'cannot convert: no valid IP addresses',
      `a result of version ${cniVersion} consists of addresses and this one has none; use cniVersion 0.3.0 or newer`,
    );
  }
  return { cniVersion, ip4, ip6, dns: dnsInOldOrder(result.dns) };
}

/** The first address of a family and all routes of that family; `undefined` when there is no such address. */
function pairEntry(result: Result, wantsIpv6: boolean): object | undefined {
  const ip = result.ips?.find(({ address }) => isIpv6(address) === wantsIpv6);
  if (ip === undefined) return undefined;
  const routes = result.routes?.filter(({ dst }) => isIpv6(dst) === wantsIpv6);
  return {
    ip: ip.address,
    gateway: ip.gateway || undefined,
    routes: nonEmpty(routes?.map(({ dst, gw }) => ({ dst, gw: gw || undefined }))),
  };
}

function numberedDocument(result: Result, cniVersion: SpecVersion): ResultDocument {
  return {
    cniVersion,
    interfaces: each(result.interfaces, numberedInterface),
    ips: each(result.ips, numberedIp),
    routes: each(result.routes, numberedRoute),
    dns: dnsInOldOrder(result.dns),
  };
}

function numberedInterface({ name, mac, sandbox }: Interface): object {
  return { name, mac: mac || undefined, sandbox: sandbox || undefined };
}

function numberedIp(ip: IpConfig): object {
  return {
    version: isIpv6(ip.address) ? '6' : '4',
    interface: ip.interface,
    address: ip.address,
    gateway: ip.gateway || undefined,
  };
}

function numberedRoute(route: Route): object {
  return {
    dst: route.dst,
    gw: route.gw || undefined,
    mtu: route.mtu || undefined,
    advmss: route.advmss || undefined,
    priority: route.priority || undefined,
    table: route.table,
    scope: route.scope,
  };
}

/** Resolver settings as the versions before 1.0.0 have them: present even when nothing is set. */
function dnsInOldOrder(dns: Dns = {}): object {
  return {
    nameservers: nonEmpty(dns.nameservers),
    domain: dns.domain || undefined,
    search: nonEmpty(dns.search),
    options: nonEmpty(dns.options),
  };
}

/** Versions from 1.0.0 on sort their keys at every level. */
function currentDocument(result: Result, cniVersion: SpecVersion): ResultDocument {
  return {
    cniVersion,
    dns: currentDns(result.dns),
    interfaces: each(result.interfaces, currentInterface),
    ips: each(result.ips, currentIp),
    routes: each(result.routes, currentRoute),
  };
}

/** A list rewritten; `undefined` when there is nothing in it. */
function each<T>(list: readonly T[] | undefined, rewrite: (element: T) => object): readonly object[] | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const rewritten: object[] = [];
  for (const element of list) rewritten.push(rewrite(element));
  return rewritten;
}

function currentDns(dns: Dns = {}): object | undefined {
  const sorted = {
    domain: dns.domain || undefined,
    nameservers: nonEmpty(dns.nameservers),
    options: nonEmpty(dns.options),
    search: nonEmpty(dns.search),
  };
  const isSet = sorted.domain ?? sorted.nameservers ?? sorted.options ?? sorted.search;
  return isSet === undefined ? undefined : sorted;
}

function currentInterface(link: Interface): object {
  return {
    mac: link.mac || undefined,
    mtu: link.mtu || undefined,
    name: link.name,
    pciID: link.pciID || undefined,
    sandbox: link.sandbox || undefined,
    socketPath: link.socketPath || undefined,
  };
}

function currentIp({ address, gateway, interface: index }: IpConfig): object {
  return { address, gateway: gateway || undefined, interface: index };
}

function currentRoute(route: Route): object {
  return {
    advmss: route.advmss || undefined,
    dst: route.dst,
    gw: route.gw || undefined,
    mtu: route.mtu || undefined,
    priority: route.priority || undefined,
    scope: route.scope,
    table: route.table,
  };
}
