/** What a runtime sends a plugin that it does not want to wait for any longer. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Tells whether the process was asked to end. */
export interface Termination {
  readonly aborted: boolean;
}

let shared: Termination | undefined;

/**
 * From now on a request to end does not end the process but is told: who is in the midst of something takes it back
 * first. Plugins that call each other in one process are told the same.
 *
 * @example
 * await runPlan(plan, { signal: termination() });
 */
export function termination(): Termination {
  shared ??= listen();
  return shared;
}

function listen(): Termination {
  const state = { aborted: false };
  const note = (): void => {
    state.aborted = true;
  };
  for (const signal of SIGNALS) process.on(signal, note);
  return state;
}
