import type { Netns } from '../netns/netns.ts';
import { type PlanRun, type RunOptions, runPlan } from '../plan/executor.ts';
import type { Plan } from '../plan/plan.ts';
import { PlanError } from '../plan/plan-error.ts';
import { forgetAttachment, noteAttachment } from '../record/attachment.ts';
import { RECORDED } from '../record/recorded.ts';
import type { AttachmentCall } from '../skel/plugin.ts';
import { toCniError } from '../types/error.ts';
import type { Result } from '../types/result.ts';
import { isReleasedThroughLink, rawIpamOf } from './release.ts';

/** Whose ADD it is, and how its plans are carried out. */
export interface AddContext {
  readonly call: AttachmentCall<unknown>;
  /** What warnings begin with, and whose record there is. */
  readonly plugin: string;
  readonly netns: Netns;
  readonly options: RunOptions;
}

/** What one ADD of a main plugin does: all of it, or nothing stays. */
export class AddTransaction {
  readonly #context: AddContext;
  readonly #runs: PlanRun[] = [];
  #leasedFrom: string | undefined;
  #isNoted = false;

  constructor(context: AddContext) {
    this.#context = context;
  }

  /** Does the work of the ADD. Whatever fails in it, what was done is taken back. */
  async complete<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      await this.#takeBack(thrown);
      throw thrown;
    }
  }

  /** Writes down what is about to be done, so that whoever finds it half done can take it down. */
  note(notes: object): void {
    const { call, plugin, netns } = this.#context;
    const ipam = rawIpamOf(call.rawConf);
    noteAttachment(call, plugin, netns, { ...notes, ...(ipam === undefined ? {} : { ipam }) });
    this.#isNoted = true;
  }

  /** Has an IPAM plugin give addresses. */
  async lease(type: string): Promise<Result> {
    const { call } = this.#context;
    const leased = await call.delegate.add({ type, config: call.configText, environment: RECORDED });
    this.#leasedFrom = type;
    return leased;
  }

  /** Carries a plan out. */
  async run(plan: Plan): Promise<PlanRun> {
    const run = await runPlan(plan, this.#context.options);
    this.#runs.push(run);
    return run;
  }

  /**
   * The address goes back when nobody has it any more, but for one that goes back through the link. The attachment is
   * forgotten, unless something stays: then DEL and GC find it by the record.
   */
  async #takeBack(thrown: unknown): Promise<void> {
    const { call, plugin } = this.#context;
    const isReleasedFirst = isReleasedThroughLink(call, undefined);
    if (isReleasedFirst) await this.#release();
    // A plan that failed has taken itself back.
    let staysNothing = !(thrown instanceof PlanError) || thrown.leftovers.length === 0;
    for (const run of this.#runs.reverse()) {
      for (const leftover of await run.undo()) {
        call.warn(`${plugin}: could not be undone: ${leftover}`);
        staysNothing = false;
      }
    }
    if (!isReleasedFirst) await this.#release();
    if (staysNothing && this.#isNoted) forgetAttachment(call, plugin);
  }

  async #release(): Promise<void> {
    const { call, plugin } = this.#context;
    if (this.#leasedFrom === undefined) return;
    try {
      await call.delegate.run({ type: this.#leasedFrom, verb: 'DEL', config: call.configText });
    } catch (thrown) {
      call.warn(`${plugin}: the address could not be released: ${toCniError(thrown)}`);
    }
  }
}

/** Whether a plan failed, and left nothing, because somebody else has a name that it was about to give. */
export function isNameTaken(thrown: unknown): thrown is PlanError {
  return thrown instanceof PlanError && thrown.errno === 'EEXIST' && thrown.leftovers.length === 0;
}
