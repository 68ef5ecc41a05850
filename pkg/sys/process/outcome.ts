import type { ProcessOutcome } from './process.ts';

/** How a child process ended. */
export interface Exit {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

/** A child process, whichever runtime started it. */
export interface Child {
  readonly exited: Promise<Exit>;
  /** Hands every piece of one output to `take`; resolves at its end. */
  read(output: 'stdout' | 'stderr', take: (piece: Uint8Array) => void): Promise<void>;
  kill(): void;
  /** Stops reading: a grandchild may hold the outputs open for as long as it lives. */
  letGo(): void;
}

/** How long the outputs of a killed child are still read. */
const GRACE_MS = 100;

/** How long a killed child is waited for: one that the kernel does not let go of ends when the kernel likes. */
const UNKILLABLE_MS = 2_000;

/** Follows a child to its end: both outputs, the time limit, which counts from when it has its input, the size limit. */
export async function collect(
  child: Child,
  timeoutMs: number,
  maxBytes: number,
  input?: Promise<unknown>,
): Promise<ProcessOutcome> {
  let timedOut = false;
  let exit: Exit | undefined;
  let isOver = false;
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, act: () => void): void => void timers.push(setTimeout(act, ms));

  let giveUp: (how: Exit) => void = () => {};
  const unkillable = new Promise<Exit>((resolve) => {
    giveUp = resolve;
  });
  const abandoned = new Promise<void>((resolve) => {
    const setLimit = (): void => {
      if (isOver) return;
      after(timeoutMs, () => {
        timedOut = exit === undefined;
        child.kill();
        after(GRACE_MS, resolve);
        after(UNKILLABLE_MS, () => giveUp({ status: undefined, signal: 'SIGKILL' }));
      });
    };
    if (input === undefined) setLimit();
    else input.then(setLimit, setLimit);
  });
  const gather = async (output: 'stdout' | 'stderr'): Promise<() => string> => {
    const decoder = new TextDecoder();
    let text = '';
    let bytes = 0;
    const ended = child.read(output, (piece) => {
      bytes += piece.length;
      if (bytes > maxBytes) child.kill();
      else text += decoder.decode(piece, { stream: true });
    });
    await Promise.race([ended, abandoned]);
    return () => text + decoder.decode();
  };
  try {
    const exited = child.exited.then((how) => {
      exit = how;
      return how;
    });
    const [how, stdout, stderr] = await Promise.all([
      Promise.race([exited, unkillable]),
      gather('stdout'),
      gather('stderr'),
    ]);
    return { ...how, timedOut, stdout: stdout(), stderr: stderr() };
  } finally {
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
    child.letGo();
  }
}
