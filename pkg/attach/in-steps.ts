import { type PlanRun, type RunOptions, runPlan } from '../plan/executor.ts';
import type { Plan } from '../plan/plan.ts';
import { RECORDED } from '../record/recorded.ts';
import type { AttachmentCall } from '../skel/plugin.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { IpConfig, Result, Route } from '../types/result.ts';
import type { Layer3 } from './layer3.ts';
import { takeBack } from './take-back.ts';

/** An ADD whose link comes first: some IPAM plugins ask for the address through it. */
export interface StepwiseAdd {
  readonly call: AttachmentCall<unknown>;
  /** What warnings begin with, and whose record there is. */
  readonly plugin: string;
  /** Puts the link into the container. */
  readonly link: Plan;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
  /** Gives the link what was leased. */
  layer3(leased: Layer3): Plan;
  readonly options: RunOptions;
}

/**
 * The link, then its addresses, which are given; `undefined` without an IPAM plugin. Whatever fails, both are taken back,
 * and the attachment is forgotten when nothing stays.
 */
export async function addInSteps(add: StepwiseAdd): Promise<Layer3 | undefined> {
  const { call, plugin, link, ipam, options } = add;
  const runs: PlanRun[] = [];
  let leasedFrom: string | undefined;
  try {
    runs.push(await runPlan(link, options));
    if (ipam === '') return undefined;
    const leased = await call.delegate.add({ type: ipam, config: call.configText, environment: RECORDED });
    leasedFrom = ipam;
    const layer3 = layer3Of(leased);
    runs.push(await runPlan(add.layer3(layer3), options));
    return layer3;
  } catch (thrown) {
    await takeBack({ call, plugin, runs, leasedFrom }, thrown);
    throw thrown;
  }
}

/** What an IPAM plugin gave, for the only interface of a result. */
export function layer3Of(leased: Result): Layer3 {
  if (leased.ips === undefined || leased.ips.length === 0) {
    throw new CniError(
      ErrorCode.internal,
      'IPAM plugin returned missing IP config',
      'its result has no "ips"; expected at least one address, or no ipam section for a link without addresses',
    );
  }
  const ips: IpConfig[] = [];
  for (const { address, gateway } of leased.ips) {
    ips.push({ address, ...(gateway === undefined ? {} : { gateway }), interface: 0 });
  }
  const routes: readonly Route[] = leased.routes ?? [];
  return { ips, routes };
}
