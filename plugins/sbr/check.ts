import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import { addressesOf, type OwnAddress, type SbrCall } from './add.ts';
import { isPlainSource, lookAtRouting, type Routing } from './routing.ts';
import { type SbrSettings, settingsOf } from './settings.ts';

/** Fails with everything that leads packets from the interface's addresses another way. */
export async function check(call: SbrCall): Promise<void> {
  const settings = settingsOf(call.conf);
  const { prevResult, ifName } = call;
  if (prevResult === undefined) throw missingPrevResult();
  const differences = await inContainer(call.netns, async (netns) => {
    const routing = await lookAtRouting(netns, ifName, await runOptions(call.environment, 'sbr', ruleForm));
    if (routing.link === undefined) return [`Cannot find network interface ${ifName}: Link not found`];
    const found: string[] = [];
    for (const address of addressesOf(prevResult, ifName)) {
      const difference = differenceOf(address, settings, routing, ifName);
      if (difference !== undefined) found.push(difference);
    }
    return found;
  });
  const [first, ...others] = differences;
  if (first === undefined) return;
  throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
}

function differenceOf(
  { text, family, gateway: leased }: OwnAddress,
  { table, gateways }: SbrSettings,
  { rules, routes }: Routing,
  ifName: string,
): string | undefined {
  const own = rules.filter((rule) => isPlainSource(rule) && rule.src === text);
  if (table !== undefined) {
    return own.some((rule) => Number(rule.table) === table)
      ? undefined
      : `no rule leads packets from ${text} to table ${table}`;
  }
  if (own.length === 0) return `no rule leads packets from ${text} to a table of their own`;
  const gateway = gateways.get(family) ?? leased;
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  const isThere = own.some((rule) => {
    return routes.some((route) => {
      const isWay = route.prefix === all && route.dev === ifName && route.gateway === gateway;
      return isWay && route.table === Number(rule.table);
    });
  });
  if (gateway === undefined || isThere) return undefined;
  return `no default route via ${gateway} in the table of packets from ${text}`;
}
