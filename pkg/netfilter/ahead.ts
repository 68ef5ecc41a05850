import type { Netns } from '../netns/netns.ts';
import type { RunOptions } from '../plan/executor.ts';
import { PATIENCE, patienceFor } from '../sys/process/patience.ts';
import type { ProcessOutcome } from '../sys/process/process.ts';
import type { MasqueradeBackend } from './backend-name.ts';
import { isNative } from './native-variant.ts';

/** A program that was started before it is known what it has to do: starting takes it longer than its work. */
export interface ProgramAhead {
  /** Whether it would be started with these arguments; once it was given something it is nobody's any more. */
  fits(argv: readonly string[]): boolean;
  /** Gives it its input and waits for its end. */
  give(input: string): Promise<ProcessOutcome>;
  /** Lets it end without having done anything, unless it was given something. */
  letGo(): void;
}

const PROGRAMS: Readonly<Record<MasqueradeBackend, readonly [string, ...string[]]>> = {
  // As long as it may wait for the lock of iptables in any case.
  iptables: ['iptables-restore', '--noflush', '--wait=30'],
  nftables: ['nft', '-f', '-'],
};

/**
 * Starts the program that will make rules; `undefined` when it is not likely to be needed, or when it cannot be started,
 * and whoever needs it says so.
 */
export function startAhead(
  place: Netns,
  backend: MasqueradeBackend,
  { onlyFilterPrograms }: RunOptions,
): ProgramAhead | undefined {
  if (onlyFilterPrograms !== true && isNative(backend)) return undefined;
  const argv = PROGRAMS[backend];
  let decide: (input: string) => void = () => {};
  const stdin = new Promise<string>((resolve) => {
    decide = resolve;
  });
  try {
    const running = place.start({ argv, stdin, diesWithUs: true, timeoutMs: patienceFor(PATIENCE.plan) });
    let isTaken = false;
    return {
      fits: (other) => !isTaken && argv[0] === other[0] && argv[1] === other[1],
      give(input) {
        isTaken = true;
        decide(input);
        return running.outcome();
      },
      letGo: () => decide(''),
    };
  } catch {
    return undefined;
  }
}
