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

/** Follows a child to its end: both outputs, the time limit, the size limit. */
export async function collect(child: Child, timeoutMs: number, maxBytes: number): Promise<ProcessOutcome> {
  let timedOut = false;
  let exit: Exit | undefined;
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, act: () => void): void => void timers.push(setTimeout(act, ms));

  const abandoned = new Promise<void>((resolve) => {
    after(timeoutMs, () => {
      timedOut = exit === undefined;
      child.kill();
      after(GRACE_MS, resolve);
    });
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
    const [how, stdout, stderr] = await Promise.all([exited, gather('stdout'), gather('stderr')]);
    return { ...how, timedOut, stdout: stdout(), stderr: stderr() };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    child.letGo();
  }
}
