const PAUSE_MS = 100;

/** What a call leaves to the kernel, and to a child that waits for it, must be in nobody's time. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
