import { configError } from '../../pkg/config/config-error.ts';
import { isObject } from '../../pkg/json/decode.ts';
import type { Call, JsonObject } from '../../pkg/skel/plugin.ts';
import { readFields, readList } from '../../pkg/types/decode.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { readRoute } from '../../pkg/types/parse-result.ts';
import type { Route } from '../../pkg/types/result.ts';
import type { FlannelConf } from './schema.ts';
import type { SubnetEnv } from './subnet-env.ts';

/** A delegate's configuration; it has a name and a type. */
export interface DelegateConf extends JsonObject {
  name: string;
  type: string;
}

/** What a configuration says, as it was written: these sections are other plugins' and are passed on. */
interface Sections {
  readonly delegate: JsonObject;
  readonly ipam: JsonObject;
  readonly runtimeConfig: JsonObject | undefined;
  /** '' when there is none, which delegates are left to make of what they will. */
  readonly cniVersion: unknown;
}

/** The route's keys in the order in which the reference writes them. */
const ROUTE_KEYS = ['dst', 'gw', 'mtu', 'advmss', 'priority', 'table', 'scope'] as const;

/**
 * The configuration that the delegate is called with: what `delegate` says, the rest from the network and the subnets
 * of this host.
 */
export function delegateConf(call: Call<FlannelConf>, subnets: SubnetEnv): DelegateConf {
  const { delegate, ipam, runtimeConfig, cniVersion } = sectionsOf(call.rawConf);
  const conf: JsonObject = { ...delegate };
  if (runtimeConfig !== undefined) conf['runtimeConfig'] = runtimeConfig;
  setDefault(conf, 'type', 'bridge');
  setDefault(conf, 'ipMasq', !subnets.masquerades);
  setDefault(conf, 'mtu', subnets.mtu);
  if (conf['type'] === 'bridge') setDefault(conf, 'isGateway', true);
  if (cniVersion !== '') conf['cniVersion'] = cniVersion;
  conf['ipam'] = delegateIpam(ipam, subnets);
  return { ...conf, name: call.network, type: String(conf['type']) };
}

function delegateIpam(ipam: JsonObject, { subnets, networks }: SubnetEnv): JsonObject {
  const conf: JsonObject = { ...ipam };
  setDefault(conf, 'type', 'host-local');
  const ranges: unknown[] = [];
  for (const subnet of subnets) ranges.push([{ subnet }]);
  conf['ranges'] = ranges;
  const routes: Map<string, unknown>[] = [];
  for (const route of configuredRoutes(ipam['routes'])) routes.push(orderedRoute(route));
  for (const dst of networks) routes.push(new Map([['dst', dst]]));
  conf['routes'] = routes;
  return conf;
}

function configuredRoutes(value: unknown): readonly Route[] {
  if (value === undefined || value === null) return [];
  try {
    return readList(value, 'ipam.routes', 'route objects', readRoute) ?? [];
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    const where = 'failed to assemble Delegate IPAM: failed to read IPAM routes: failed to parse ipam.routes';
    throw new CniError(ErrorCode.invalidConfig, `${where}: ${thrown.message}`, thrown.details);
  }
}

function orderedRoute(route: Route): Map<string, unknown> {
  const ordered = new Map<string, unknown>();
  for (const key of ROUTE_KEYS) if (route[key] !== undefined) ordered.set(key, route[key]);
  return ordered;
}

/** As the reference has it: a key that is there counts, also with `null`. */
function setDefault(conf: JsonObject, key: string, value: unknown): void {
  if (!Object.hasOwn(conf, key)) conf[key] = value;
}

/** The sections that are passed on, with the letter case of their own keys untouched. */
export function sectionsOf(raw: JsonObject): Sections {
  const fields = readFields(raw, '', ['delegate', 'ipam', 'runtimeConfig', 'cniVersion']);
  return {
    delegate: isObject(fields.delegate) ? fields.delegate : {},
    ipam: isObject(fields.ipam) ? fields.ipam : {},
    runtimeConfig: isObject(fields.runtimeConfig) ? fields.runtimeConfig : undefined,
    cniVersion: fields.cniVersion ?? '',
  };
}

/** Refuses what only flannel may set. */
export function refuseReservedKeys({ rawConf }: Call<FlannelConf>): void {
  const { delegate } = sectionsOf(rawConf);
  const type = Object.hasOwn(delegate, 'type') ? delegate['type'] : '';
  if (typeof type !== 'string') {
    const message = "'delegate' dictionary, if present, must have (string) 'type' field";
    throw configError(message, 'delegate.type', type, 'the name of a plugin such as "bridge"');
  }
  refuseReserved(delegate, 'name', 'no such key: the network has the name of the list');
  refuseReserved(delegate, 'ipam', 'no such key: "ipam" stands beside "delegate", its ranges come from the subnetFile');
}

function refuseReserved(delegate: JsonObject, key: string, expected: string): void {
  if (!Object.hasOwn(delegate, key)) return;
  const message = `'delegate' dictionary must not have '${key}' field, it'll be set by flannel`;
  throw configError(message, `delegate.${key}`, delegate[key], expected);
}
