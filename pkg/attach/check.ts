import { bitsOf } from '../addr/address.ts';
import { formatPrefix, networkOf, parsePrefix } from '../addr/prefix.ts';
import { ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import { type RunOptions, runPlan } from '../plan/executor.ts';
import { Plan } from '../plan/plan.ts';
import type { AttachmentCall } from '../skel/plugin.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { Interface, IpConfig, Result, Route } from '../types/result.ts';

/** The part of `ip -j route show` that is looked at. */
interface ShownRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
}

/** Routes of a namespace: those of the main table, and all others where they are asked for. */
interface Routes {
  readonly main: readonly ShownRoute[];
  all(): Promise<readonly ShownRoute[]>;
}

/**
 * What a container's link lacks of the addresses and routes that a result promised, one line each.
 *
 * @param present addresses that the link has, with prefix lengths
 * @param index where the link stands in the result; addresses of others are not looked for
 */
export async function missingLayer3(
  netns: Netns,
  ifName: string,
  result: Result,
  present: readonly string[],
  index: number,
  options: RunOptions,
): Promise<readonly string[]> {
  const ips: IpConfig[] = [];
  for (const config of result.ips ?? []) {
    if (config.interface === undefined || config.interface === index) ips.push(config);
  }
  const promised = result.routes ?? [];
  if (ips.length === 0 && promised.length === 0) return [];
  const routes = await routesIn(netns, options);
  const lines: string[] = [];
  for (const { address } of ips) {
    if (!present.includes(address)) {
      lines.push(`Failed to match addr ${address} on interface ${ifName}: it has ${present.join(', ') || 'none'}`);
    } else if (!hasConnectedRoute(address, routes.main) && !hasConnectedRoute(address, await routes.all())) {
      lines.push(`no route to the network of ${address} on interface ${ifName}`);
    }
  }
  for (const route of promised) {
    if (await isLaid(route, routes)) continue;
    const via = route.gw === undefined ? '' : ` via ${route.gw}`;
    lines.push(`Expected Route ${route.dst}${via} not found in routing table`);
  }
  return lines;
}

async function routesIn(netns: Netns, options: RunOptions): Promise<Routes> {
  const read = async (table: string): Promise<readonly ShownRoute[]> => {
    const plan = new Plan()
      .inside(netns, ip`-4 route show table ${table}`, { capture: '4', tolerate: ['ENOENT'] })
      .inside(netns, ip`-6 route show table ${table}`, {
        capture: '6',
        tolerate: ['ENOENT', 'EOPNOTSUPP', 'EAFNOSUPPORT'],
      });
    const { captures } = await runPlan(plan, options);
    const all: ShownRoute[] = [];
    for (const [family, byDefault] of DEFAULTS) {
      const shown = captures.get(family);
      if (!Array.isArray(shown)) continue;
      for (const route of shown as readonly ShownRoute[]) {
        all.push(route.dst === 'default' ? { ...route, dst: byDefault } : route);
      }
    }
    return all;
  };
  return { main: await read('main'), all: () => read('all') };
}

const DEFAULTS = [
  ['4', '0.0.0.0/0'],
  ['6', '::/0'],
] as const;

/** A single address has no network around it, and so no route to it. */
function hasConnectedRoute(address: string, routes: readonly ShownRoute[]): boolean {
  const prefix = parsePrefix(address);
  if (prefix === undefined || prefix.length === bitsOf(prefix.address.family)) return true;
  const network = formatPrefix(networkOf(prefix));
  for (const { dst } of routes) if (dst === network) return true;
  return false;
}

/** As with every route: another plugin of the chain may have moved it to a table of its own. */
async function isLaid(route: Route, routes: Routes): Promise<boolean> {
  const prefix = parsePrefix(route.dst);
  if (prefix === undefined) return false;
  const wanted = formatPrefix(networkOf(prefix));
  const text = prefix.length === bitsOf(prefix.address.family) ? wanted.slice(0, wanted.indexOf('/')) : wanted;
  // Whatever the default route leads through, there is one.
  const gateway = prefix.length === 0 ? undefined : route.gw;
  if (route.table === undefined && hasRoute(routes.main, text, gateway)) return true;
  return hasRoute(await routes.all(), text, gateway);
}

function hasRoute(routes: readonly ShownRoute[], destination: string, gateway: string | undefined): boolean {
  for (const { dst, gateway: via } of routes) {
    if (dst === destination && (gateway === undefined || via === gateway)) return true;
  }
  return false;
}

/** The container's end, as a result promised it. */
interface Promised {
  readonly result: Result;
  /** Where it stands in the result. */
  readonly index: number;
  /** `undefined` when the result has none for this interface and namespace. */
  readonly promised: Interface | undefined;
  /** Differences so far, which others are added to. */
  readonly lines: string[];
}

/**
 * Finds the container's end in the previous result of a CHECK.
 *
 * @param prefix how the plugin's messages begin
 * @throws {CniError} when there is no previous result
 */
export function endsOf(call: AttachmentCall<unknown>, prefix: string): Promised {
  const result = call.prevResult;
  if (result === undefined) {
    throw new CniError(
      ErrorCode.internal,
      `${prefix}Required prevResult missing`,
      'CHECK compares with the result of ADD; a runtime passes it as "prevResult"',
    );
  }
  const interfaces = result.interfaces ?? [];
  const index = interfaces.findIndex(({ name, sandbox }) => name === call.ifName && sandbox === call.netns);
  const promised = interfaces[index];
  if (promised !== undefined) return { result, index, promised, lines: [] };
  const found = interfaces.find(({ name, sandbox }) => name === call.ifName && sandbox)?.sandbox ?? '';
  const line = `Sandbox in prevResult ${found} doesn't match configured netns: ${call.netns}`;
  return { result, index, promised, lines: [line] };
}
