import { thrownErrno } from '../sys/errno.ts';
import { fs } from '../sys/files.ts';
import { type FileIdentity, libc } from '../sys/libc.ts';
import { sameNetns } from './netns.ts';

const OWN = '/proc/thread-self/ns/net';

/** Whether a path leads to the network namespace that this process is in; one that leads nowhere does not. */
export function isOwnNetns(path: string): boolean {
  try {
    return sameNetns(identityOf(path), identityOf(OWN));
  } catch (thrown) {
    // What cannot be looked at is the plugin's own business: it knows what that means for its verb.
    if (thrownErrno(thrown) !== undefined) return false;
    throw thrown;
  }
}

function identityOf(path: string): FileIdentity {
  const c = libc();
  if (c !== undefined) return c.identifyPath(path);
  const { dev, ino } = fs().statSync(path, { bigint: true });
  return { dev, ino };
}
