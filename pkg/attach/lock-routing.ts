import { type FileLock, lockExisting } from '../sys/files/lock.ts';

/** What is done for another interface of the container takes milliseconds. */
const TIMEOUT_MS = 10_000;

/** One at a time chooses tables in a container; the reference locks the same file. */
export function lockRouting(netns: string): Promise<FileLock> {
  return lockExisting(netns, TIMEOUT_MS, 'the routing of the container');
}
