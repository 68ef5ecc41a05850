import { formatAddress, parseAddress } from '../../pkg/addr/address.ts';
import { canonicalPrefix } from '../../pkg/addr/prefix.ts';
import { lengthOfMask } from '../../pkg/dhcp/routes.ts';
import { fieldsOf, type GobObject, type GobValue, isList } from '../../pkg/gob/types.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Dns, IpConfig, Result, Route } from '../../pkg/types/result.ts';

/** The daemon's answer as a result; addresses come as their bytes. */
export function readResult({ IPs: ips, Routes: routes, DNS: dns }: GobObject): Result {
  const result: Result = { ips: listOf(ips).map(readIp), routes: listOf(routes).map(readRoute) };
  const read = readDns(fieldsOf(dns));
  return Object.keys(read).length === 0 ? result : { ...result, dns: read };
}

function readIp({ Address: address, Gateway: gateway }: GobObject): IpConfig {
  const via = readAddress(gateway);
  return { address: readNet(address), ...(via === undefined ? {} : { gateway: via }) };
}

function readRoute(route: GobObject): Route {
  const gw = readAddress(route['GW']);
  const read: Route = { dst: readNet(route['Dst']), ...(gw === undefined ? {} : { gw }) };
  const numbers = { mtu: 'MTU', advmss: 'AdvMSS', priority: 'Priority', table: 'Table', scope: 'Scope' } as const;
  for (const [key, field] of Object.entries(numbers) as [keyof typeof numbers, string][]) {
    const value = route[field];
    if (typeof value === 'number') read[key] = value;
  }
  return read;
}

function readDns({ Nameservers, Domain, Search, Options }: GobObject): Dns {
  const dns: Dns = {};
  const texts = (value: GobValue | undefined) =>
    value !== undefined && isList(value) ? value.filter((text) => typeof text === 'string') : [];
  if (texts(Nameservers).length > 0) dns.nameservers = texts(Nameservers);
  if (typeof Domain === 'string') dns.domain = Domain;
  if (texts(Search).length > 0) dns.search = texts(Search);
  if (texts(Options).length > 0) dns.options = texts(Options);
  return dns;
}

function listOf(value: GobValue | undefined): readonly GobObject[] {
  return value !== undefined && isList(value) ? value.map(fieldsOf) : [];
}

function readNet(value: GobValue | undefined): string {
  const { IP: ip, Mask: mask } = fieldsOf(value);
  const address = readAddress(ip);
  // A default route comes without its bytes where all of them are zero.
  const length = mask instanceof Uint8Array ? lengthOfMask(mask) : 0;
  // A server may give any mask, also one that is longer than an address.
  const prefix = canonicalPrefix(`${address}/${length}`);
  if (prefix !== undefined) return prefix;
  throw new CniError(ErrorCode.decoding, 'the DHCP daemon gave what is no address');
}

function readAddress(value: GobValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array) || (value.length !== 4 && value.length !== 16)) return undefined;
  if (value.length === 4) return value.join('.');
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((value[at] ?? 0) << 8) | (value[at + 1] ?? 0)).toString(16));
  const parsed = parseAddress(groups.join(':'));
  return parsed && formatAddress(parsed);
}
