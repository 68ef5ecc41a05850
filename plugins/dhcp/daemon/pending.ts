import type { Lease } from '../../../pkg/dhcp/lease.ts';

/** A lease that is being asked for. */
export interface Pending {
  readonly control: AbortController;
  readonly outcome: Promise<Lease>;
  /** How many callers wait for it. */
  waiting: number;
}

/** Begins to ask for a lease. */
export function begin(acquire: (signal: AbortSignal) => Promise<Lease>, ended: () => void): Pending {
  const control = new AbortController();
  const outcome = acquire(control.signal).finally(ended);
  // Its callers may have gone by then.
  outcome.catch(() => {});
  return { control, outcome, waiting: 0 };
}

/** Who goes away does not want it any more; when nobody is left, it is not asked for any longer. */
export async function wait(pending: Pending, signal: AbortSignal): Promise<Lease> {
  pending.waiting += 1;
  const leave = (): void => {
    pending.waiting -= 1;
    if (pending.waiting === 0) pending.control.abort();
  };
  signal.addEventListener('abort', leave);
  if (signal.aborted) leave();
  try {
    return await pending.outcome;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
