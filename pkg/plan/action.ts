import type { IpCommand } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';

/** An `ip` command: neighbours in a plan share one process. */
export interface IpAction {
  readonly kind: 'ip';
  readonly command: IpCommand;
}

/** What a {@link WorkAction} may know while it runs. */
export interface WorkContext {
  /** Where it works. */
  readonly place: Netns;
  /** How much time is left. */
  readonly timeoutMs: number;
  /** Whether rules of filters are left to their programs, also where the kernel could be told without. */
  readonly onlyFilterPrograms?: boolean | undefined;
}

/** What a {@link WorkAction} found out while it ran. */
export interface WorkResult {
  /** How to put back what it replaced; runs before the step's own undo. */
  readonly undo?: readonly Action[];
  /** For the step's `capture`. */
  readonly output?: unknown;
}

/**
 * Any other change. Another room adds its own kind by making an object like this one; the executor asks no more of it.
 * It fails by throwing; a kernel error is found in the thrown error's `code`, or in that of its cause.
 */
export interface WorkAction {
  readonly kind: 'sysctl' | 'file' | (string & {});
  /** Lines that a person can paste; they say where by themselves. */
  print(place: Netns): readonly string[];
  run(context: WorkContext): Promise<WorkResult> | WorkResult;
}

/** One change to the machine. */
export type Action = IpAction | WorkAction;

/** Whether an action is an `ip` command. */
export function isIpAction(action: Action): action is IpAction {
  return action.kind === 'ip';
}

/** The action of running a command. */
export function ipAction(command: IpCommand): IpAction {
  return { kind: 'ip', command };
}

/** The lines that do the same when a person pastes them. */
export function printAction(action: Action, place: Netns): readonly string[] {
  if (!isIpAction(action)) return action.print(place);
  return [[...place.prefix.map(quote), action.command.toString()].join(' ')];
}

/** A word as a shell reads it back. */
export function quote(word: string): string {
  return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
