import { parseAddress } from '../../../pkg/addr/address.ts';
import { contains, formatPrefix, networkOf, type Prefix, parsePrefix } from '../../../pkg/addr/prefix.ts';
import { isObject } from '../../../pkg/json/decode.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import type { LintDocument } from '../document.ts';
import { MAIN_TYPES } from '../facts.ts';
import type { Path, Problems } from '../finding.ts';

/** An address with the network that it has to be in. */
interface Gateway {
  readonly path: Path;
  readonly text: unknown;
  readonly network: Prefix;
}

/** Gateways that nobody can reach: neither of the networks that addresses are given from has them. */
export function checkGateways({ entries }: LintDocument, problems: Problems): void {
  for (const { type, path, ipam, ipamType } of entries) {
    if (!MAIN_TYPES.includes(type) || ipam === undefined) continue;
    const at = [...path, 'ipam'];
    const gateways = ipamType === 'host-local' ? ofRanges(ipam, at) : ipamType === 'static' ? ofStatic(ipam, at) : [];
    for (const { path: key, text, network } of gateways) {
      const address = typeof text === 'string' ? parseAddress(text) : undefined;
      if (address === undefined || contains(network, address)) continue;
      const shown = formatPrefix(networkOf(network));
      problems.error(key, `the gateway ${text} is not in ${shown}`, `choose an address of ${shown}`);
    }
    checkRoutes(ipam, at, gateways, problems);
  }
}

function ofRanges(ipam: object, path: Path): readonly Gateway[] {
  const { ranges, subnet, gateway } = readFields(ipam, '', ['ranges', 'subnet', 'gateway']);
  const found: Gateway[] = [];
  const add = (at: Path, text: unknown, net: unknown) => {
    const network = typeof net === 'string' ? parsePrefix(net) : undefined;
    if (network !== undefined) found.push({ path: [...at, 'gateway'], text, network });
  };
  add(path, gateway, subnet);
  for (const [set, list] of Array.isArray(ranges) ? ranges.entries() : []) {
    for (const [index, range] of Array.isArray(list) ? list.entries() : []) {
      if (!isObject(range)) continue;
      const fields = readFields(range, '', ['subnet', 'gateway']);
      add([...path, 'ranges', set, index], fields.gateway, fields.subnet);
    }
  }
  return found;
}

function ofStatic(ipam: object, path: Path): readonly Gateway[] {
  const { addresses } = readFields(ipam, '', ['addresses']);
  return (Array.isArray(addresses) ? addresses : []).flatMap((entry: unknown, index) => {
    if (!isObject(entry)) return [];
    const { address, gateway } = readFields(entry, '', ['address', 'gateway']);
    const network = typeof address === 'string' ? parsePrefix(address) : undefined;
    return network === undefined ? [] : [{ path: [...path, 'addresses', index, 'gateway'], text: gateway, network }];
  });
}

/** Routes that are no routes, or go by a gateway that no address reaches. */
function checkRoutes(ipam: object, path: Path, gateways: readonly Gateway[], problems: Problems): void {
  const { routes } = readFields(ipam, '', ['routes']);
  for (const [index, route] of Array.isArray(routes) ? routes.entries() : []) {
    if (!isObject(route)) continue;
    const { dst, gw } = readFields(route, '', ['dst', 'gw']);
    const at = [...path, 'routes', index];
    if (typeof dst === 'string' && parsePrefix(dst) === undefined) {
      const help = dst === 'default' ? 'write 0.0.0.0/0 or ::/0' : 'write a network such as "10.1.0.0/16"';
      problems.error([...at, 'dst'], `"${dst}" is not a network`, help);
    }
    if (typeof gw !== 'string' || gw === '') continue;
    const address = parseAddress(gw);
    if (address === undefined) {
      problems.error([...at, 'gw'], `"${gw}" is not an address`, 'write one such as "10.1.0.1"');
    } else if (gateways.length > 0 && !gateways.some(({ network }) => contains(network, address))) {
      const help = 'the container has no address in its network, so the kernel refuses the route';
      problems.error([...at, 'gw'], `no address of the container reaches the gateway ${gw}`, help);
    }
  }
}
