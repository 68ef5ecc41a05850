import type { ShownLink } from '../../pkg/attach/links.ts';
import { type FoundRoute, MAIN_TABLE, routeCommand } from '../../pkg/attach/routes.ts';
import { type IpCommand, type IpPart, ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { Plan } from '../../pkg/plan/plan.ts';

/** An interface and the VRF that it is to be in. */
export interface Enslaving {
  readonly netns: Netns;
  readonly ifName: string;
  readonly vrf: string;
  readonly table: number;
  /** Whether the VRF has to be made. */
  readonly isNew: boolean;
  /** Whether it is up already. */
  readonly isUp: boolean;
  /** As it is; `undefined` where only a plan is wanted. */
  readonly link: ShownLink | undefined;
  readonly routes: readonly FoundRoute[];
}

/** Who makes the routes of the kernel, in numbers: these come and go with the addresses. */
const KERNEL = '2';

/**
 * Puts an interface into a VRF. The kernel takes it down and up for that, by which IPv6 addresses and all routes but its
 * own are lost: they are given to it again.
 */
export function enslavingPlan({ netns, ifName, vrf, table, isNew, isUp, link, routes }: Enslaving): Plan {
  const plan = new Plan();
  const failing = `cmdAdd failed: could not add VRF ${vrf}`;
  if (isNew)
    plan.inside(netns, ip`link add name ${vrf} type vrf table ${table}`, { undo: ip`link del dev ${vrf}`, failing });
  if (!isUp)
    plan.inside(netns, ip`link set dev ${vrf} up`, { undo: isNew ? [] : ip`link set dev ${vrf} down`, failing });
  const addresses = ipv6Of(link);
  const lost = lostRoutes(routes, ifName);
  const back: IpCommand[] = [ip`link set dev ${ifName} nomaster`];
  for (const { address, settings } of addresses) back.push(ip`addr replace ${address} dev ${ifName} nodad ${settings}`);
  for (const route of lost) back.push(routeCommand('replace', route, MAIN_TABLE));
  plan.inside(netns, ip`link set dev ${ifName} master ${vrf}`, {
    undo: back,
    failing: `cmdAdd failed: could not set master of ${ifName}`,
  });
  for (const { address, settings } of addresses) {
    // With the setting keep_addr_on_down it is there still.
    plan.inside(netns, ip`addr add ${address} dev ${ifName} nodad ${settings}`, {
      tolerate: ['EEXIST'],
      failing: `cmdAdd failed: could not add address ${address} again`,
    });
  }
  for (const route of lost) {
    plan.inside(netns, routeCommand('replace', route, table), {
      failing: `cmdAdd failed: could not add route ${route.prefix} again`,
    });
  }
  return plan;
}

/** An address, and what is said of it besides. */
interface KeptAddress {
  readonly address: string;
  readonly settings: IpPart;
}

/** The IPv6 addresses that somebody gave to the interface. */
function ipv6Of(link: ShownLink | undefined): readonly KeptAddress[] {
  const found: KeptAddress[] = [];
  for (const shown of link?.addr_info ?? []) {
    if (shown.family !== 'inet6' || shown.scope !== 'global') continue;
    const { valid_life_time: valid = 0, preferred_life_time: preferred = 0 } = shown;
    const ends = shown.dynamic ? ip.part`valid_lft ${valid} preferred_lft ${preferred}` : ip.none;
    const settings = ip.part`${shown.noprefixroute ? ip.part`noprefixroute` : ip.none} ${ends}`;
    found.push({ address: `${shown.local}/${shown.prefixlen}`, settings });
  }
  return found;
}

/** What the interface has in the main table; routes through gateways come last, when these can be reached. */
function lostRoutes(routes: readonly FoundRoute[], ifName: string): readonly FoundRoute[] {
  const own = routes.filter(({ table, dev, type, protocol }) => {
    return table === MAIN_TABLE && dev === ifName && type === undefined && protocol !== KERNEL;
  });
  const isThrough = ({ gateway, via }: FoundRoute): boolean => gateway !== undefined || via !== undefined;
  return [...own.filter((route) => !isThrough(route)), ...own.filter(isThrough)];
}
