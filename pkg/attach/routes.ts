import type { Family } from '../addr/address.ts';
import { type IpCommand, ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import { ipAction } from '../plan/action.ts';
import { type RunOptions, runPlan } from '../plan/executor.ts';
import { Plan } from '../plan/plan.ts';
import type { ShownRoute } from '../rtnl/route/show.ts';
import { type FileLock, lockExisting } from '../sys/files/lock.ts';

/** A route of any table, everything in numbers. */
export interface FoundRoute extends Omit<ShownRoute, 'table'> {
  readonly family: Family;
  readonly table: number;
  /** The destination with its length. */
  readonly prefix: string;
}

/** The table that holds the routes that people see. */
export const MAIN_TABLE = 254;

/** Scopes in numbers: a route through a gateway, and one to a network that the link is in. */
const SCOPE_GLOBAL = '0';
/** See {@link SCOPE_GLOBAL}. */
export const SCOPE_LINK = '253';

/** Steps that look at the routes of all tables of a namespace; {@link routesIn} reads what they found. */
export function lookAtRoutes(plan: Plan, place: Netns): void {
  plan
    .do(place, ipAction(ip`-4 -N route show table all`), { capture: 'routes-4', tolerate: ['ENOENT'] })
    .do(place, ipAction(ip`-6 -N route show table all`), { capture: 'routes-6', tolerate: ['ENOENT', 'EOPNOTSUPP'] });
}

/** What {@link lookAtRoutes} found. */
export function routesIn(captures: ReadonlyMap<string, unknown>): readonly FoundRoute[] {
  const found: FoundRoute[] = [];
  for (const family of [4, 6] as const) {
    const shown = captures.get(`routes-${family}`);
    for (const route of Array.isArray(shown) ? (shown as readonly ShownRoute[]) : []) {
      const table = route.table === undefined ? MAIN_TABLE : Number(route.table);
      found.push({ ...route, family, table, prefix: prefixOf(route.dst, family) });
    }
  }
  return found;
}

/** The routes of all tables of a namespace. */
export async function allRoutes(place: Netns, options: RunOptions): Promise<readonly FoundRoute[]> {
  const plan = new Plan();
  lookAtRoutes(plan, place);
  return routesIn((await runPlan(plan, options)).captures);
}

/** The command that makes a route in a table as it is, or removes it there. */
export function routeCommand(verb: 'append' | 'replace' | 'del', route: FoundRoute, table: number): IpCommand {
  const { prefix, gateway, via, dev = '', prefsrc, metric, protocol = '3', scope = SCOPE_GLOBAL, family } = route;
  const [said] = route.metrics ?? [];
  const none = ip.none;
  const through = via === undefined ? none : ip.part`via ${via.family} ${via.host}`;
  const common = ip.part`${gateway === undefined ? through : ip.part`via ${gateway}`} dev ${dev} ${
    metric ? ip.part`metric ${metric}` : none
  } table ${table} ${family === 4 ? ip.part`scope ${scope}` : none}`;
  if (verb === 'del') return ip`route del ${prefix} ${common}`;
  const more = ip.part`${common} proto ${protocol} ${prefsrc === undefined ? none : ip.part`src ${prefsrc}`} ${
    said?.mtu === undefined ? none : ip.part`mtu ${said.mtu}`
  } ${said?.advmss === undefined ? none : ip.part`advmss ${said.advmss}`} ${
    route.flags.includes('onlink') ? ip.part`onlink` : none
  }`;
  return verb === 'append' ? ip`route append ${prefix} ${more}` : ip`route replace ${prefix} ${more}`;
}

function prefixOf(destination: string, family: Family): string {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`;
}

/** What is done for another interface of the container takes milliseconds. */
const TIMEOUT_MS = 10_000;

/** One at a time chooses tables in a container; the reference locks the same file. */
export function lockRouting(netns: string): Promise<FileLock> {
  return lockExisting(netns, TIMEOUT_MS, 'the routing of the container');
}
