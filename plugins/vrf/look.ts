import { lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { type FoundRoute, lookAtRoutes, MAIN_TABLE, routesIn } from '../../pkg/attach/routes.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';

/** What there is in a container. */
export interface Surroundings {
  /** Whatever link has the name of the VRF. */
  readonly named: ShownLink | undefined;
  readonly vrfs: readonly ShownLink[];
  /** The container's interface. */
  readonly link: ShownLink | undefined;
  readonly routes: readonly FoundRoute[];
}

/** Looks at all that an ADD has to know of. */
export async function lookAround(
  netns: Netns,
  vrf: string,
  ifName: string,
  options: RunOptions,
): Promise<Surroundings> {
  const plan = new Plan()
    .do(netns, ipAction(ip`-d link show dev ${vrf}`), { capture: 'named', tolerate: ['ENODEV'] })
    .do(netns, ipAction(ip`-d link show type vrf`), { capture: 'vrfs', tolerate: 'any' })
    .do(netns, ipAction(ip`-d addr show dev ${ifName}`), { capture: 'link', tolerate: ['ENODEV'] });
  lookAtRoutes(plan, netns);
  const { captures } = await runPlan(plan, options);
  const links = (name: string): readonly ShownLink[] => (captures.get(name) ?? []) as readonly ShownLink[];
  return { named: links('named')[0], vrfs: links('vrfs'), link: links('link')[0], routes: routesIn(captures) };
}

/** Whatever link has the name of the VRF, and the container's interface. */
export async function lookAtLinks(
  place: Netns,
  vrf: string,
  ifName: string,
  options: RunOptions,
): Promise<Pick<Surroundings, 'named' | 'link'>> {
  const commands = [ip`-d link show dev ${vrf}`, ip`-d link show dev ${ifName}`];
  const [named, link] = await lookAt(
    commands.map((command) => ({ place, command })),
    options,
  );
  return { named, link };
}

/** The table of a VRF; 0 when the link is none. */
export function tableOf(link: ShownLink | undefined): number {
  return link?.linkinfo?.info_kind === 'vrf' ? (link.linkinfo.info_data?.table ?? 0) : 0;
}

/** Whether the VRF has to be made, and whether it is up. */
export function stateOf({ named }: Surroundings): { readonly isNew: boolean; readonly isUp: boolean } {
  return { isNew: named === undefined, isUp: named?.flags.includes('UP') === true };
}

/** The first table that no VRF has and that no routes are in. */
export function freeTable({ vrfs, routes }: Surroundings): number {
  const used = new Set<number>([MAIN_TABLE]);
  for (const vrf of vrfs) used.add(tableOf(vrf));
  for (const { table } of routes) used.add(table);
  let table = 1;
  while (used.has(table)) table += 1;
  return table;
}
