import { type PlanRun, type RunOptions, runPlan } from '../plan/executor.ts';
import type { Plan } from '../plan/plan.ts';
import { RECORDED } from '../record/recorded.ts';
import type { AttachmentCall } from '../skel/plugin.ts';
import { CniError, ErrorCode, toCniError } from '../types/error.ts';
import type { IpConfig, Result, Route } from '../types/result.ts';
import type { Layer3 } from './layer3.ts';

/** An ADD whose link comes first: some IPAM plugins ask for the address through it. */
export interface StepwiseAdd {
  readonly call: AttachmentCall<unknown>;
  /** What warnings begin with. */
  readonly plugin: string;
  /** Puts the link into the container. */
  readonly link: Plan;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
  /** Gives the link what was leased. */
  layer3(leased: Layer3): Plan;
  readonly options: RunOptions;
}

/** What became of a {@link StepwiseAdd}. */
export interface SteppedAdd {
  readonly run: PlanRun;
  /** What the container has; `undefined` without an IPAM plugin. */
  readonly layer3: Layer3 | undefined;
}

/** An ADD that failed, and what of it could not be taken back. */
export interface FailedAdd {
  readonly cause: unknown;
  readonly leftovers: readonly string[];
}

/** Whether an ADD came to its end. */
export function isFailed(add: SteppedAdd | FailedAdd): add is FailedAdd {
  return 'cause' in add;
}

/** The link, then its addresses. Whatever fails, the lease is given back and the link is put back, in this order. */
export async function addInSteps(add: StepwiseAdd): Promise<SteppedAdd | FailedAdd> {
  const { call, plugin, link, ipam, options } = add;
  let run: PlanRun;
  try {
    run = await runPlan(link, options);
  } catch (thrown) {
    return { cause: thrown, leftovers: leftoversIn(thrown) };
  }
  try {
    if (ipam === '') return { run, layer3: undefined };
    const leased = await call.delegate.add({ type: ipam, config: call.configText, environment: RECORDED });
    try {
      const layer3 = layer3Of(leased);
      await runPlan(add.layer3(layer3), options);
      return { run, layer3 };
    } catch (thrown) {
      await release(add);
      throw thrown;
    }
  } catch (thrown) {
    const leftovers = await run.undo();
    for (const leftover of leftovers) call.warn(`${plugin}: could not be undone: ${leftover}`);
    return { cause: thrown, leftovers };
  }
}

function leftoversIn(thrown: unknown): readonly string[] {
  if (!(thrown instanceof CniError) || !('leftovers' in thrown)) return [];
  return Array.isArray(thrown.leftovers) ? thrown.leftovers : [];
}

async function release({ call, plugin, ipam }: StepwiseAdd): Promise<void> {
  try {
    await call.delegate.run({ type: ipam, verb: 'DEL', config: call.configText });
  } catch (thrown) {
    call.warn(`${plugin}: the address could not be released: ${toCniError(thrown)}`);
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
