import type { ShownLink } from '../../pkg/attach/links.ts';
import { type FoundRoute, lookAtRoutes, MAIN_TABLE, routesIn } from '../../pkg/attach/routes.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { ShownRule } from '../../pkg/rtnl/route/rules.ts';

/** How packets are routed in a container. */
export interface Routing {
  readonly link: ShownLink | undefined;
  readonly rules: readonly ShownRule[];
  readonly routes: readonly FoundRoute[];
}

/** The first table that sbr takes by itself. */
const FIRST_TABLE = 100;

/** Looks at an interface, at all rules and at the routes of all tables. */
export async function lookAtRouting(netns: Netns, ifName: string, options: RunOptions): Promise<Routing> {
  const plan = new Plan()
    .do(netns, ipAction(ip`-d addr show dev ${ifName}`), { capture: 'link', tolerate: ['ENODEV'] })
    .do(netns, ipAction(ip`-4 -N rule show`), { capture: 'rules-4' })
    .do(netns, ipAction(ip`-6 -N rule show`), { capture: 'rules-6', tolerate: ['EOPNOTSUPP', 'EAFNOSUPPORT'] });
  lookAtRoutes(plan, netns);
  const { captures } = await runPlan(plan, options);
  const [link] = (captures.get('link') ?? []) as readonly ShownLink[];
  const rules = [captures.get('rules-4'), captures.get('rules-6')] as readonly (readonly ShownRule[] | undefined)[];
  return { link, rules: [...(rules[0] ?? []), ...(rules[1] ?? [])], routes: routesIn(captures) };
}

/** What the interface has in the main table. */
export function mainRoutesOf(routes: readonly FoundRoute[], ifName: string): readonly FoundRoute[] {
  return routes.filter(({ table, dev, type }) => table === MAIN_TABLE && dev === ifName && type === undefined);
}

/** Tables that nobody has a rule or a route for, from the first on. */
export function* freeTables({ rules, routes }: Routing): Generator<number, never> {
  const used = new Set<number>([MAIN_TABLE]);
  for (const { table } of rules) used.add(Number(table));
  for (const { table } of routes) used.add(table);
  for (let table = FIRST_TABLE; ; table++) if (!used.has(table)) yield table;
}

/** Whether a rule is about where packets come from and nothing else: any other one is somebody else's. */
export function isPlainSource({ src, srclen, dst, fwmark, iif, oif }: ShownRule): boolean {
  return src !== 'all' && [srclen, dst, fwmark, iif, oif].every((one) => one === undefined);
}
