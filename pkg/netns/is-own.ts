import { NetnsError } from './error.ts';
import { openNetns } from './open.ts';

/** Whether a path opens as a network namespace and that is the one this process is in. */
export function isOwnNetns(path: string): boolean {
  try {
    const netns = openNetns(path);
    try {
      return netns.isOwn();
    } finally {
      netns.close();
    }
  } catch (thrown) {
    // What cannot be opened is the plugin's own business: it knows what that means for its verb.
    if (thrown instanceof NetnsError) return false;
    throw thrown;
  }
}
