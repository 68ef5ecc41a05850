import type { IpCommand } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import type { ErrnoName } from '../sys/errno.ts';

/** Why a command failed. */
export interface IpFailure {
  readonly errno: ErrnoName | undefined;
  /** The kernel's or the program's own words. */
  readonly reason: string;
  /** What that means and what to do about it, found out when somebody wants to know; '' when there is nothing to add. */
  readonly hint: string | (() => Promise<string>);
}

/** What became of some commands. */
export interface IpRun {
  /** How many of the commands were taken on, from the first; at least one. */
  readonly taken: number;
  /** How many of these were done for certain. */
  readonly done: number;
  /** Decoded output of the reading commands that were done, by their position. */
  readonly outputs: ReadonlyMap<number, unknown>;
  /** Present when the command after the last one done failed. */
  readonly failure?: IpFailure;
  /** With a failure: any of the commands taken on may have been done as well. */
  readonly doubtful?: boolean;
}

/**
 * The one who carries out `ip` commands. It may take on fewer than it is offered; nobody else knows how it does it,
 * so another driver can take its place.
 */
export interface IpDriver {
  run(place: Netns, commands: readonly IpCommand[], timeoutMs: number): Promise<IpRun>;
}
