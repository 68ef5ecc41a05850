import { thrownErrno } from '../sys/errno.ts';
import { files } from '../sys/files/files.ts';
import { sameNetns } from './netns.ts';

const OWN = '/proc/thread-self/ns/net';

/** Whether a path leads to the network namespace that this process is in; one that leads nowhere does not. */
export function isOwnNetns(path: string): boolean {
  try {
    return sameNetns(files().status(path), files().status(OWN));
  } catch (thrown) {
    // What cannot be looked at is the plugin's own business: it knows what that means for its verb.
    if (thrownErrno(thrown) !== undefined) return false;
    throw thrown;
  }
}
