import { type Address, type Family, parseAddress } from '../../pkg/addr/address.ts';
import { contains, formatPrefix, networkOf } from '../../pkg/addr/prefix.ts';
import { type FoundRoute, MAIN_TABLE, routeCommand, SCOPE_LINK } from '../../pkg/attach/routes.ts';
import { type IpCommand, type IpPart, ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { OwnAddress } from './add.ts';
import { freeTables, mainRoutesOf, type Routing } from './routing.ts';
import type { SbrSettings } from './settings.ts';

/** What is separated, and where. */
export interface Separation extends SbrSettings {
  readonly netns: Netns;
  readonly ifName: string;
  readonly own: readonly OwnAddress[];
  readonly routing: Routing;
}

/** Leads packets from the interface's addresses to tables of their own. */
export function separationPlan(separation: Separation): Plan {
  const { netns, own, table, routing } = separation;
  const plan = new Plan();
  if (table !== undefined) {
    for (const address of own) addRule(plan, netns, address, table, 'failed to add rule');
    return plan;
  }
  const routes = mainRoutesOf(routing.routes, separation.ifName);
  const tables = freeTables(routing);
  for (const address of own) fillTable(plan, separation, address, routes, tables.next().value);
  if (separation.addSourceHints) keepHints(plan, separation, routes);
  else removeRoutes(plan, netns, routes);
  return plan;
}

function addRule(plan: Plan, netns: Netns, { text, family }: OwnAddress, table: number, failing: string): void {
  const command = (verb: 'add' | 'del') => ruleCommand(verb, text, family, ip.part`table ${table}`);
  plan.inside(netns, command('add'), { undo: command('del'), failing });
}

/** The command that makes or removes a rule about packets from an address. */
export function ruleCommand(verb: 'add' | 'del', address: string, family: Family, rest: IpPart): IpCommand {
  if (family === 4) {
    const from = ip.part`from ${address}/32 ${rest}`;
    return verb === 'add' ? ip`rule add ${from}` : ip`rule del ${from}`;
  }
  const from = ip.part`from ${address}/128 ${rest}`;
  return verb === 'add' ? ip`-6 rule add ${from}` : ip`-6 rule del ${from}`;
}

function fillTable(
  plan: Plan,
  { netns, ifName, gateways }: Separation,
  address: OwnAddress,
  routes: readonly FoundRoute[],
  table: number,
): void {
  const { family, prefix, gateway: leased } = address;
  addRule(plan, netns, address, table, 'Failed to add rule');
  const gateway = gateways.get(family) ?? leased;
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  if (gateway !== undefined) {
    plan.inside(netns, ip`route add ${all} via ${gateway} dev ${ifName} table ${table}`, {
      undo: ip`route del ${all} via ${gateway} dev ${ifName} table ${table}`,
      failing: `Failed to add default route to ${gateway}`,
    });
  }
  const network = networkOf(prefix);
  const isWithin = (address: string | undefined): boolean => {
    const parsed: Address | undefined = address === undefined ? undefined : parseAddress(address);
    return parsed?.family === family && contains(network, parsed);
  };
  for (const route of routes) {
    const isAnybodys = route.prefsrc === undefined && route.gateway === undefined && route.via === undefined;
    if (!isAnybodys && !isWithin(route.prefsrc) && !isWithin(route.gateway)) continue;
    // Whoever names a gateway does not want the one that the interface had.
    if (gateways.has(family) && route.prefix === all) continue;
    plan.inside(netns, routeCommand('replace', route, table), {
      undo: routeCommand('del', route, table),
      failing: 'Failed to readd route',
    });
  }
}

/** Those through gateways go first, so that they come back last, when their gateways can be reached again. */
function removeRoutes(plan: Plan, netns: Netns, routes: readonly FoundRoute[]): void {
  const isThrough = ({ gateway, via }: FoundRoute): boolean => gateway !== undefined || via !== undefined;
  for (const route of [...routes.filter(isThrough), ...routes.filter((one) => !isThrough(one))]) {
    plan.inside(netns, routeCommand('del', route, MAIN_TABLE), {
      undo: routeCommand('append', route, MAIN_TABLE),
      // With a route that it depended on, another one may have gone by itself.
      tolerate: ['ESRCH'],
      failing: 'Failed to delete route',
    });
  }
}

/** For packets without a source the main table says which address they get; that it cannot is no reason to fail. */
function keepHints(plan: Plan, { netns, ifName, own }: Separation, routes: readonly FoundRoute[]): void {
  for (const { prefix, text, family } of own) {
    // The kernel's own for IPv6 said aloud, so that no other route is taken for this one.
    const metric = family === 4 ? ip.none : ip.part`metric 1024`;
    const network = formatPrefix(networkOf(prefix));
    const before = routes.find((route) => route.prefix === network && route.scope === SCOPE_LINK);
    plan.inside(netns, ip`route replace ${network} dev ${ifName} scope link src ${text} ${metric}`, {
      undo:
        before === undefined
          ? ip`route del ${network} dev ${ifName} src ${text} ${metric}`
          : routeCommand('replace', before, MAIN_TABLE),
      tolerate: ['EINVAL', 'ENETUNREACH', 'EACCES'],
    });
  }
  removeRoutes(
    plan,
    netns,
    routes.filter(({ scope }) => scope !== SCOPE_LINK),
  );
}
