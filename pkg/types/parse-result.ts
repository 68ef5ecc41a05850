import {
  readAddress,
  readCount,
  readFields,
  readInteger,
  readList,
  readPrefix,
  readText,
  shortened,
  under,
  withoutAbsent,
} from './decode.ts';
import { CniError, ErrorCode } from './error.ts';
import { quote } from './quote.ts';
import type { Dns, Interface, IpConfig, Result, Route } from './result.ts';
import { RESULT_FAMILIES, type ResultFamily, resultFamily } from './version.ts';

/**
 * Decodes a result document of a specification version into the inner shape.
 *
 * Addresses and destinations become canonical text; whatever the version does not know is left behind.
 * A document whose own `cniVersion` belongs to another family of versions is refused. One without a `cniVersion`
 * is taken to have `assumedVersion`.
 *
 * @example
 * parseResult({ cniVersion: '0.2.0', ip4: { ip: '10.1.2.3/24' } }, '0.1.0'); // { ips: [{ address: '10.1.2.3/24' }] }
 */
export function parseResult(document: unknown, version: string, assumedVersion = ''): Result {
  const family = knownFamily(version);
  const documentVersion = declaredVersion(document) ?? assumedVersion;
  const accepted: readonly string[] = RESULT_FAMILIES[family];
  if (!accepted.includes(documentVersion)) {
    throw new CniError(
      ErrorCode.decoding,
      `result type supports [${accepted.join(' ')}] but unmarshalled CNIVersion is ${quote(shortened(documentVersion))}`,
      `cniVersion: the result is read for version ${quote(version)} and has to be of the same family of versions`,
    );
  }
  return parseResultBody(document, family);
}

/** The family of a version from outside; throws for one that is unknown. */
export function knownFamily(version: string): ResultFamily {
  const family = resultFamily(version);
  if (family !== undefined) return family;
  throw new CniError(
    ErrorCode.incompatibleVersion,
    `unsupported CNI result version ${quote(shortened(version))}`,
    `known versions: ${Object.values(RESULT_FAMILIES).flat().filter(Boolean).join(', ')}`,
  );
}

/** A document's own `cniVersion`: `undefined` when absent, '' when it is there and empty. */
export function declaredVersion(document: unknown): string | undefined {
  const { cniVersion } = readFields(document, '', ['cniVersion']);
  return cniVersion === '' ? '' : readText(cniVersion, 'cniVersion');
}

/** Decodes a document of a family of versions without a look at its `cniVersion`. */
export function parseResultBody(document: unknown, family: ResultFamily): Result {
  return family === 'pair' ? parsePair(document) : parseLists(document, family);
}

function parsePair(document: unknown): Result {
  const fields = readFields(document, '', ['ip4', 'ip6', 'dns']);
  const ips: IpConfig[] = [];
  const routes: Route[][] = [];
  for (const key of ['ip4', 'ip6'] as const) {
    if (fields[key] === undefined) continue;
    const entry = readFields(fields[key], key, ['ip', 'gateway', 'routes']);
    ips.push(
      withoutAbsent<IpConfig>({
        address: readPrefix(entry.ip, `${key}.ip`),
        gateway: readAddress(entry.gateway, `${key}.gateway`),
      }),
    );
    routes.push(readList(entry.routes, `${key}.routes`, 'route objects', readRoute) ?? []);
  }
  const allRoutes = routes.flat();
  return withoutAbsent<Result>({
    ips: ips.length > 0 ? ips : undefined,
    routes: allRoutes.length > 0 ? allRoutes : undefined,
    dns: readDns(fields.dns, 'dns'),
  });
}

function parseLists(document: unknown, family: 'numbered' | 'current'): Result {
  const fields = readFields(document, '', ['interfaces', 'ips', 'routes', 'dns']);
  const readInterface = family === 'numbered' ? readNumberedInterface : readCurrentInterface;
  const readIp = family === 'numbered' ? readNumberedIp : readCurrentIp;
  return withoutAbsent<Result>({
    interfaces: readList(fields.interfaces, 'interfaces', 'interface objects', readInterface),
    ips: readList(fields.ips, 'ips', 'address objects', readIp),
    routes: readList(fields.routes, 'routes', 'route objects', readRoute),
    dns: readDns(fields.dns, 'dns'),
  });
}

function readNumberedInterface(value: unknown, path: string): Interface {
  const fields = readFields(value, path, ['name', 'mac', 'sandbox']);
  return withoutAbsent<Interface>({
    name: readText(fields.name, under(path, 'name')) ?? '',
    mac: readText(fields.mac, under(path, 'mac')),
    sandbox: readText(fields.sandbox, under(path, 'sandbox')),
  });
}

function readCurrentInterface(value: unknown, path: string): Interface {
  const fields = readFields(value, path, ['mtu', 'socketPath', 'pciID']);
  return withoutAbsent<Interface>({
    ...readNumberedInterface(value, path),
    mtu: readCount(fields.mtu, under(path, 'mtu')),
    socketPath: readText(fields.socketPath, under(path, 'socketPath')),
    pciID: readText(fields.pciID, under(path, 'pciID')),
  });
}

function readNumberedIp(value: unknown, path: string): IpConfig {
  // The address itself says what `version` repeats; only its type is looked at.
  readText(readFields(value, path, ['version']).version, under(path, 'version'));
  return readCurrentIp(value, path);
}

function readCurrentIp(value: unknown, path: string): IpConfig {
  const fields = readFields(value, path, ['address', 'gateway', 'interface']);
  return withoutAbsent<IpConfig>({
    address: readPrefix(fields.address, under(path, 'address')),
    gateway: readAddress(fields.gateway, under(path, 'gateway')),
    interface: readInteger(fields.interface, under(path, 'interface')),
  });
}

/** A route of a document, in canonical text. */
export function readRoute(value: unknown, path: string): Route {
  const fields = readFields(value, path, ['dst', 'gw', 'mtu', 'advmss', 'priority', 'table', 'scope']);
  return withoutAbsent<Route>({
    dst: readPrefix(fields.dst, under(path, 'dst')),
    gw: readAddress(fields.gw, under(path, 'gw')),
    mtu: readCount(fields.mtu, under(path, 'mtu')),
    advmss: readCount(fields.advmss, under(path, 'advmss')),
    priority: readCount(fields.priority, under(path, 'priority')),
    table: readInteger(fields.table, under(path, 'table')),
    scope: readInteger(fields.scope, under(path, 'scope')),
  });
}

/** Resolver settings; `undefined` when nothing is set. */
export function readDns(value: unknown, path: string): Dns | undefined {
  const fields = readFields(value, path, ['nameservers', 'domain', 'search', 'options']);
  const dns = withoutAbsent<Dns>({
    nameservers: readTexts(fields.nameservers, under(path, 'nameservers')),
    domain: readText(fields.domain, under(path, 'domain')),
    search: readTexts(fields.search, under(path, 'search')),
    options: readTexts(fields.options, under(path, 'options')),
  });
  return Object.keys(dns).length > 0 ? dns : undefined;
}

/**
 * Resolver settings that count instead of those of the IPAM plugin; `undefined` when that one's count. A list that is
 * empty is a setting too: it says that there are none.
 */
export function readDnsInstead(value: unknown, path: string): Dns | undefined {
  const dns = readDns(value, path);
  if (dns !== undefined) return dns;
  const { nameservers, search, options } = readFields(value, path, ['nameservers', 'search', 'options']);
  return [nameservers, search, options].some(Array.isArray) ? {} : undefined;
}

function readTexts(value: unknown, path: string): string[] | undefined {
  return readList(value, path, 'strings', (element, elementPath) => readText(element, elementPath) ?? '');
}
