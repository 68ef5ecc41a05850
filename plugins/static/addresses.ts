import { formatAddress, parseAddress } from '../../pkg/addr/address.ts';
import { contains, formatPrefix, type Prefix, parsePrefix } from '../../pkg/addr/prefix.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { refuseSurplus } from '../../pkg/ipam/surplus.ts';
import { parseCniArgs } from '../../pkg/skel/cni-args.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { IpConfig } from '../../pkg/types/result.ts';
import type { StaticConf } from './schema.ts';

type StaticCall = Call<StaticConf>;

/** The `ipam` section, which has to be there. */
export function ipamOf({ conf }: StaticCall): NonNullable<StaticConf['ipam']> {
  if (conf.ipam !== undefined) return conf.ipam;
  throw configError("IPAM config missing 'ipam' key", 'ipam', undefined, 'an object with "addresses"');
}

/**
 * The addresses: the runtime's if it names any, else those of the configuration's args, else the configured ones
 * and those of CNI_ARGS together.
 */
export function addressesOf(call: StaticCall): readonly IpConfig[] {
  const ipam = ipamOf(call);
  const fromEnvironment = environmentAddresses(call.args);
  const fromRuntime = readIps(call.conf.runtimeConfig?.ips, 'runtimeConfig.ips');
  const fromArgs = readIps(call.conf.args?.cni?.ips, 'args.cni.ips');
  const named = fromRuntime.length > 0 ? fromRuntime : fromArgs;
  const addresses = named.length > 0 ? named : [...readConfigured(ipam.addresses ?? []), ...fromEnvironment];
  const families = addresses.map(({ address }) => parsePrefix(address)?.address.family);
  refuseSurplus(call, families, 'ipam.addresses');
  return addresses;
}

function readConfigured(entries: NonNullable<NonNullable<StaticConf['ipam']>['addresses']>): readonly IpConfig[] {
  return entries.map(({ address = '', gateway }, index) => {
    const key = `ipam.addresses[${index}]`;
    const prefix = parsePrefix(address);
    if (prefix === undefined) {
      const message = `the 'address' field is expected to be in CIDR notation, got: '${address}'`;
      throw configError(message, `${key}.address`, address, CIDR);
    }
    if (gateway === undefined || gateway === '') return { address: formatPrefix(prefix) };
    const parsed = parseAddress(gateway);
    if (parsed !== undefined) return { address: formatPrefix(prefix), gateway: formatAddress(parsed) };
    throw configError(`invalid IP address: ${gateway}`, `${key}.gateway`, gateway, 'an address such as "10.1.2.1"');
  });
}

const CIDR = 'an address with prefix length such as "10.1.2.3/24"';

function readIps(texts: readonly string[] | undefined, key: string): readonly IpConfig[] {
  return (texts ?? []).map((text, at) => {
    const prefix = parsePrefix(text);
    if (prefix !== undefined) return { address: formatPrefix(prefix) };
    const message = `an entry in the 'ips' field is NOT in CIDR notation, got: '${text}'`;
    throw configError(message, `${key}[${at}]`, text, CIDR);
  });
}

/** CNI_ARGS: IP has addresses with commas between them, GATEWAY the gateways of those whose network they are in. */
function environmentAddresses(args: string): readonly IpConfig[] {
  const { IP: ips = '', GATEWAY: gateways = '' } = parseCniArgs(args, ['IP', 'GATEWAY']);
  const prefixes = ips === '' ? [] : ips.split(',').map(readEnvironmentIp);
  const parsed = gateways === '' ? [] : gateways.split(',').map(readEnvironmentGateway);
  return prefixes.map((prefix) => {
    // As for the reference, the last one that fits counts.
    const gateway = parsed.findLast((candidate) => contains(prefix, candidate));
    const address = formatPrefix(prefix);
    return gateway === undefined ? { address } : { address, gateway: formatAddress(gateway) };
  });
}

function readEnvironmentIp(text: string): Prefix {
  const prefix = parsePrefix(text.trim());
  if (prefix !== undefined) return prefix;
  const message = `the 'ip' field is expected to be in CIDR notation, got: '${text.trim()}'`;
  throw new CniError(ErrorCode.invalidEnvironment, message, `CNI_ARGS: IP is ${CIDR}; several have "," between them`);
}

function readEnvironmentGateway(text: string) {
  const address = parseAddress(text.trim());
  if (address !== undefined) return address;
  const details = 'CNI_ARGS: GATEWAY is an address such as 10.1.2.1; several have "," between them';
  throw new CniError(ErrorCode.invalidEnvironment, `invalid gateway address: ${text.trim()}`, details);
}
