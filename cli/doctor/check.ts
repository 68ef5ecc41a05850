import type { Severity } from '../lint/finding.ts';
import type { Node } from './node.ts';

/** One thing that is not as it should be on a node. */
export interface Diagnosis {
  /** An error keeps containers from working, a warning will or may, a note is good to know. */
  readonly severity: Severity;
  /** What was found. */
  readonly found: string;
  /** What it means for containers. */
  readonly means: string;
  /** The command, or what else a person does about it. */
  readonly mend: string;
  /** Does it, and says what was done; only where nothing that is in use can be hit. */
  readonly fix?: () => Promise<string>;
}

/** One look at a node; it changes nothing. */
export interface Check {
  /** How its findings are headed, and named in JSON. */
  readonly name: string;
  run(node: Node): Promise<readonly Diagnosis[]> | readonly Diagnosis[];
}
