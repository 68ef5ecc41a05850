import type { IpCommand } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import { ownNetns } from '../netns/own.ts';
import type { ErrnoName } from '../sys/errno.ts';
import type { WriteOptions } from '../sys/files/files.ts';
import { type Action, ipAction, printAction } from './action.ts';
import { removeFileAction, writeFileAction } from './file.ts';
import { type SettingOptions, sysctlAction } from './sysctl.ts';

/** An action and where it happens. */
export interface PlacedAction {
  readonly place: Netns;
  readonly action: Action;
}

/** One step of a plan. */
export interface Step extends PlacedAction {
  /** Errors after which the plan goes on as if the step had been done by someone else; it is not undone then. */
  readonly tolerate: readonly ErrnoName[] | 'any';
  /** How to take it back, in order. */
  readonly undo: readonly PlacedAction[];
  /** Under which name its output is kept. */
  readonly capture: string | undefined;
  /** How the error begins: `failed to set "veth1" up`; '' when the action's own words are enough. */
  readonly failing: string | undefined;
}

/** What steps have in common; see {@link Step}. */
export interface StepOptions {
  readonly tolerate?: readonly ErrnoName[] | 'any';
  readonly undo?: IpCommand | Action | readonly (IpCommand | Action)[];
  /** Where the undo happens when it is not where the step was: a link may have been moved. */
  readonly undoIn?: Netns;
  readonly capture?: string;
  readonly failing?: string;
}

/** What settings and files take: their undo puts back what was there, and an optional one may fail. */
export interface RestoringOptions {
  readonly undo?: 'restore';
  readonly optional?: boolean;
  readonly failing?: string;
}

/** A step, or plans that may overlap. */
export type PlanItem = Step | readonly Plan[];

/**
 * What is to be done, in order. Building it touches nothing; {@link runPlan} carries it out.
 *
 * @example
 * const plan = new Plan()
 *   .host(ip`link add name ${veth} type veth peer name ${ifName} netns ${netns.path}`, { undo: ip`link del dev ${veth}` })
 *   .inside(netns, ip`link set dev ${ifName} up`)
 *   .sysctl(netns, `net/ipv4/conf/${ifName}/arp_notify`, '1', { optional: true });
 */
export class Plan {
  readonly #items: PlanItem[] = [];

  /** The steps so far. */
  get items(): readonly PlanItem[] {
    return this.#items;
  }

  /** An `ip` command in this process's own namespace. */
  host(command: IpCommand, options: StepOptions = {}): this {
    return this.do(ownNetns(), ipAction(command), options);
  }

  /** An `ip` command in a namespace. */
  inside(place: Netns, command: IpCommand, options: StepOptions = {}): this {
    return this.do(place, ipAction(command), options);
  }

  /** A kernel setting: `net/ipv4/ip_forward`, `net.ipv4.ip_forward`. */
  sysctl(
    place: Netns,
    name: string,
    value: string,
    options: RestoringOptions & Pick<SettingOptions, 'fresh'> = {},
  ): this {
    const { undo, fresh = false } = options;
    return this.do(place, sysctlAction(name, value, { restore: undo === 'restore', fresh }), common(options));
  }

  /** A file's whole text. */
  writeFile(path: string, text: string, options: RestoringOptions & WriteOptions = {}): this {
    return this.do(ownNetns(), writeFileAction(path, text, options, options.undo === 'restore'), common(options));
  }

  /** The removal of a file. */
  removeFile(path: string, options: Omit<RestoringOptions, 'undo'> = {}): this {
    return this.do(ownNetns(), removeFileAction(path), common(options));
  }

  /** Any action: how other rooms add theirs. */
  do(place: Netns, action: Action, options: StepOptions = {}): this {
    const undo: PlacedAction[] = [];
    for (const one of options.undo === undefined ? [] : 'length' in options.undo ? options.undo : [options.undo]) {
      undo.push({ place: options.undoIn ?? place, action: 'kind' in one ? one : ipAction(one) });
    }
    this.#items.push({
      place,
      action,
      tolerate: options.tolerate ?? [],
      undo,
      capture: options.capture,
      failing: options.failing,
    });
    return this;
  }

  /** Plans that do not depend on each other: they may overlap, and all must end before the next step. */
  together(...plans: readonly Plan[]): this {
    this.#items.push(plans);
    return this;
  }

  /** All steps of another plan. */
  append(plan: Plan): this {
    this.#items.push(...plan.items);
    return this;
  }

  /** The lines that a person would type to do the same. */
  print(): string[] {
    return this.#items.flatMap((item) =>
      'action' in item ? [...printAction(item.action, item.place)] : item.flatMap((plan) => plan.print()),
    );
  }
}

function common(options: RestoringOptions): StepOptions {
  return {
    ...(options.optional === true ? { tolerate: 'any' } : {}),
    ...(options.failing === undefined ? {} : { failing: options.failing }),
  };
}
