import type { Delegator } from './delegator.ts';
import type { Environment } from './plugin.ts';

/** What the skeleton needs of the process around it; tests bring one of their own. */
export interface World {
  readonly environment: Environment;
  /** All of stdin as text; throws a `CniError` when it cannot be read or is larger than a configuration may be. */
  readStdin(): Promise<string>;
  /** Whether a path opens as a network namespace and that is the one this process is in. */
  isOwnNetns(path: string): boolean;
  /** The door to other plugins for a call with this environment. */
  delegator(environment: Environment): Delegator;
  /** One line for people on stderr. */
  warn(line: string): void;
}
