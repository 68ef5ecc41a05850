import type { Family } from '../../pkg/addr/address.ts';
import { type Prefix, parsePrefix } from '../../pkg/addr/prefix.ts';
import { lockRouting } from '../../pkg/attach/routes.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { lookAtRouting } from './routing.ts';
import type { SbrConf } from './schema.ts';
import { separationPlan } from './separate.ts';
import { type SbrSettings, settingsOf } from './settings.ts';

/** Leads packets from the interface's addresses to tables of their own. Whatever fails, all is as it was. */
export async function add(call: SbrCall): Promise<Result> {
  const { prevResult, ...wanted } = readAdd(call);
  const { ifName, environment } = call;
  await inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(environment, 'sbr', ruleForm)), signal: termination() };
    const lock = await lockRouting(call.netns);
    try {
      const routing = await lookAtRouting(netns, ifName, options);
      if (routing.link === undefined) {
        const message = `Cannot find network interface ${ifName}: Link not found`;
        throw new CniError(ErrorCode.internal, message, 'expected the one that an earlier plugin of the list has made');
      }
      await runPlan(separationPlan({ ...wanted, netns, ifName, routing }), options);
    } finally {
      lock.release();
    }
  });
  return prevResult;
}

/** What an ADD would do now. At this time the interface is not there, so it is said what becomes of its routes. */
export async function plan(call: SbrCall): Promise<PlannedAdd> {
  const { prevResult, ...wanted } = readAdd(call);
  return inContainer(call.netns, async (netns) => {
    const nothing = { link: undefined, rules: [], routes: [] };
    const steps = stepsOf(separationPlan({ ...wanted, netns, ifName: call.ifName, routing: nothing }));
    if (wanted.table !== undefined) return { result: prevResult, steps };
    const where = wanted.addSourceHints ? 'into these tables as well' : 'into these tables and out of the main one';
    const note = { place: netns.label, note: `the routes of ${call.ifName} go ${where}`, lines: [] };
    return { result: prevResult, steps: [...steps, note] };
  });
}

/** A call about an attachment. */
export type SbrCall = AttachmentCall<SbrConf>;

/** An address of the interface. */
export interface OwnAddress {
  readonly family: Family;
  /** With the length of its network. */
  readonly prefix: Prefix;
  readonly text: string;
  readonly gateway: string | undefined;
}

/** Reads the call of an ADD, or refuses it. */
export function readAdd(call: SbrCall): SbrSettings & { readonly prevResult: Result; readonly own: OwnAddress[] } {
  const settings = settingsOf(call.conf);
  const { prevResult, ifName } = call;
  if (prevResult === undefined) {
    const details = 'found no "prevResult"; sbr comes after a plugin that gives addresses, such as bridge or macvlan';
    throw new CniError(ErrorCode.internal, 'This plugin must be called as chained plugin', details);
  }
  const own = addressesOf(prevResult, ifName);
  if (own.length > 0) return { ...settings, prevResult, own };
  const found = (prevResult.ips ?? []).map(({ address }) => address).join(', ');
  throw new CniError(
    ErrorCode.internal,
    `No IP addresses supplied on interface: ${ifName}`,
    `addresses in the "prevResult": ${found || 'none'}; expected one of ${ifName}`,
  );
}

/** The addresses of an interface in a result; those that are nobody's in particular count, also by a wrong index. */
export function addressesOf({ interfaces = [], ips = [] }: Result, ifName: string): OwnAddress[] {
  const own: OwnAddress[] = [];
  for (const { address, gateway, interface: index } of ips) {
    const owner = index === undefined ? undefined : interfaces[index];
    if (owner !== undefined && owner.name !== ifName) continue;
    const prefix = parsePrefix(address);
    if (prefix === undefined) continue;
    const text = address.slice(0, address.indexOf('/'));
    own.push({ family: prefix.address.family, prefix, text, gateway });
  }
  return own;
}
