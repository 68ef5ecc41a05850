import type { ParseArgsConfig } from 'node:util';
import type { Environment } from '../pkg/skel/plugin.ts';
import type { Terminal } from './terminal.ts';

/** The options a command knows besides --help. */
export type CommandOptions = NonNullable<ParseArgsConfig['options']>;

/** One call of a command. */
export interface CommandCall {
  /** The arguments that are not options, without the command's name. */
  readonly positionals: readonly string[];
  /** The options given, by their long names. */
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** The version of this suite, as `cni version` prints it. */
  readonly version: string;
}

/** One command of the tool; each is a module of its own, loaded when it is called. */
export interface Command {
  /** What may follow the command's name: `<network> <netns>`. */
  readonly usage: string;
  /** What `cni help COMMAND` says below the usage; lines for the options are part of it. */
  readonly help: string;
  readonly options: CommandOptions;
  /** How many arguments there may be that are not options; none unless it says so. */
  readonly most?: number;
  /** Whether it looks into the kernel or into containers, which takes an administrator. */
  readonly needsRoot?: true;
  /** Does it, and gives the exit status: 0 done, 1 failed or something was found, 2 called in a way it does not know. */
  run(call: CommandCall): Promise<number>;
}

/** A command in the list of all of them. */
export interface ListedCommand {
  /** One line for the list. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Thrown by a command that was called in a way it does not know; ends in its usage and exit status 2. */
export class UsageError extends Error {}
