import { type Address, type Family, parseAddress } from '../../pkg/addr/address.ts';
import { parsePrefix } from '../../pkg/addr/prefix.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { type RangeSet, setsOverlap } from '../../pkg/ipam/range.ts';
import { type RangeConfig, type RangeSetConfig, readRangeSets } from '../../pkg/ipam/range-config.ts';
import { emptySet } from '../../pkg/ipam/report.ts';
import type { StoreOptions } from '../../pkg/ipam/store.ts';
import { refuseSurplus } from '../../pkg/ipam/surplus.ts';
import { parseCniArgs } from '../../pkg/skel/cni-args.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { quote } from '../../pkg/types/quote.ts';
import type { HostLocalConf } from './schema.ts';

/** Where leases are kept unless the configuration says otherwise. */
const DATA_DIR = '/var/lib/cni/networks';

type HostLocalCall = Call<HostLocalConf>;

/** Which leases a call is about. */
export function storeOptions({ conf, network, records, warn }: HostLocalCall): StoreOptions {
  return {
    dataDir: conf.ipam?.dataDir || DATA_DIR,
    network,
    recordFolder: records.folder,
    warn: (line) => warn(`host-local: ${line}`),
  };
}

/** The `ipam` section, which has to be there. */
export function ipamOf({ conf }: HostLocalCall): NonNullable<HostLocalConf['ipam']> {
  if (conf.ipam !== undefined) return conf.ipam;
  throw configError("IPAM config missing 'ipam' key", 'ipam', undefined, 'an object with "ranges" or "subnet"');
}

/** The range sets, those of the runtime first. */
export function rangeSetsOf(call: HostLocalCall): readonly RangeSet[] {
  const ipam = ipamOf(call);
  const configs = configsOf(call);
  if (configs.length === 0) {
    throw configError(
      'no IP ranges specified',
      'ipam.ranges',
      ipam.ranges,
      'a list such as [[{"subnet": "10.1.2.0/24"}]]',
    );
  }
  const sets = readRangeSets(configs);
  const families: (Family | undefined)[] = [];
  for (const [first] of sets) families.push(first?.start.family);
  refuseSurplus(call, families, 'ipam.ranges');
  if (sets.length > 1) refuseOverlap(sets, configs);
  return sets;
}

/** Refuses sets that can never give an address: an ADD says so when it finds none, and a look at the list before. */
export function refuseEmpty(call: HostLocalCall): void {
  for (const [index, set] of rangeSetsOf(call).entries()) {
    const mistake = emptySet(set, configsOf(call)[index]?.key);
    if (mistake !== undefined) {
      throw new CniError(ErrorCode.invalidConfig, 'there is no address for containers', mistake);
    }
  }
}

function configsOf(call: HostLocalCall): readonly RangeSetConfig[] {
  const ipam = ipamOf(call);
  return [
    ...setConfigs(call.conf.runtimeConfig?.ipRanges, 'runtimeConfig.ipRanges'),
    ...(ipam.subnet === undefined ? [] : [{ key: 'ipam', ranges: [{ key: 'ipam', config: ipam }] }]),
    ...setConfigs(ipam.ranges, 'ipam.ranges'),
  ];
}

function setConfigs(sets: readonly (readonly RangeConfig[])[] | undefined, key: string): readonly RangeSetConfig[] {
  const configs: RangeSetConfig[] = [];
  for (const set of sets ?? []) {
    const setKey = `${key}[${configs.length}]`;
    const ranges: RangeSetConfig['ranges'][number][] = [];
    for (const config of set) ranges.push({ key: `${setKey}[${ranges.length}]`, config });
    configs.push({ key: setKey, ranges });
  }
  return configs;
}

function refuseOverlap(sets: readonly RangeSet[], configs: readonly RangeSetConfig[]): void {
  for (const [index, set] of sets.entries()) {
    const other = sets.findIndex((candidate, at) => at > index && setsOverlap(set, candidate));
    if (other === -1) continue;
    const expected = `ranges that share no address with "${configs[other]?.key}"`;
    throw configError(`range set ${index} overlaps with ${other}`, configs[index]?.key ?? 'ipam.ranges', set, expected);
  }
}

/** The addresses that are asked for: by the environment, by the configuration's args, by the runtime. */
export function requestedOf({ conf, args }: HostLocalCall): readonly Address[] {
  const { IP: fromEnvironment = '' } = parseCniArgs(args, ['IP']);
  const requested: Address[] = [];
  readRequested(conf.args?.cni?.ips, 'args.cni.ips', requested);
  readRequested(conf.runtimeConfig?.ips, 'runtimeConfig.ips', requested);
  if (fromEnvironment === '') return requested;
  const address = hostAddress(fromEnvironment);
  if (address !== undefined) return [address, ...requested];
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `ARGS: error parsing value of pair ${quote(`IP=${fromEnvironment}`)}: invalid IP address ${fromEnvironment}`,
    'CNI_ARGS: IP is an address such as 10.1.2.3, a prefix length may follow',
  );
}

function readRequested(texts: readonly string[] | undefined, key: string, requested: Address[]): void {
  let at = 0;
  for (const text of texts ?? []) {
    const address = text === '' ? undefined : hostAddress(text);
    if (address !== undefined) requested.push(address);
    else if (text !== '') {
      throw configError(`invalid IP address ${text}`, `${key}[${at}]`, text, 'an address such as "10.1.2.3"');
    }
    at += 1;
  }
}

/** The address of a text with or without prefix length. */
function hostAddress(text: string): Address | undefined {
  return parseAddress(text) ?? parsePrefix(text)?.address;
}
