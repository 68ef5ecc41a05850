import { CniError } from '../types/error.ts';
import { NetnsError } from './error.ts';
import type { Netns } from './netns.ts';
import { openNetns } from './open.ts';

/**
 * Works in a container's namespace, given as CNI_NETNS, and lets go of it afterwards.
 *
 * @throws {NetnsError} in the words that main plugins have for a namespace that cannot be opened
 */
export async function inContainer<T>(path: string, work: (netns: Netns) => Promise<T>): Promise<T> {
  const netns = openContainer(path);
  try {
    return await work(netns);
  } finally {
    netns.close();
  }
}

function openContainer(path: string): Netns {
  try {
    return openNetns(path);
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    const kind = thrown instanceof NetnsError ? thrown.kind : 'other';
    throw new NetnsError(kind, `failed to open netns ${JSON.stringify(path)}: ${thrown.message}`, thrown.details);
  }
}
