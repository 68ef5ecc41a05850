/** A program to run: an argv, never a shell line. */
export interface ProcessRequest {
  /** The program (a path, or a name looked up in PATH and then in the usual system folders) and its arguments. */
  readonly argv: readonly [program: string, ...args: string[]];
  /** Text for its stdin; without it stdin is empty. */
  readonly stdin?: string;
  /** Its whole environment; by default this process's own, with LC_ALL=C. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** After this time it is killed; 30 s by default. */
  readonly timeoutMs?: number;
}

/** How a program ended. */
export interface ProcessOutcome {
  /** Exit status; `undefined` when a signal ended it. */
  readonly status: number | undefined;
  /** The signal that ended it. */
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}
