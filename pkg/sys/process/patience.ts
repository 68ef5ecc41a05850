/**
 * How long a call waits for what may hang, in milliseconds. kubelet gives a pod two minutes and then says no more than
 * that they are over; nobody hears what hung unless a call ends before.
 */
export const PATIENCE = {
  /** All programs and plugins that a call runs, together. */
  call: 90_000,
  /** Each of them when that time is over: what was done is still taken back, as far as that can be. */
  last: 5_000,
  /** A plan. */
  plan: 60_000,
  /** Taking back what a plan did. */
  undo: 20_000,
  /** A program that nobody has set a limit for. */
  program: 30_000,
};

/** What is left for a program that may take so long: less when its call has been going on for long. */
export function patienceFor(wantedMs: number): number {
  // The tool and the daemon live as long as they like.
  if (process.env['CNI_COMMAND'] === undefined) return wantedMs;
  return Math.min(wantedMs, Math.max(PATIENCE.last, Math.ceil(PATIENCE.call - performance.now())));
}
