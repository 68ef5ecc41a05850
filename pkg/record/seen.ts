import type { NetnsIdentity } from '../netns/netns.ts';
import { ownNetns } from '../netns/own.ts';
import { files, statusOf } from '../sys/files/files.ts';
import { namespacesOfProcesses } from './census.ts';

/** A network namespace and a path that leads to it. */
export interface SeenNetns {
  readonly path: string;
  readonly identity: NetnsIdentity;
}

/** Where `ip netns`, containerd, CRI-O and podman give namespaces names. */
const NAMED = '/run/netns';

/** The network namespaces of this machine but this process's own: those with names first, then those of processes. */
export function seenNamespaces(): readonly SeenNetns[] {
  const own = ownNetns().identity;
  const seen = new Map<string, SeenNetns>();
  const look = (path: string): void => {
    const found = namespaceAt(path);
    if (found !== undefined && found.identity.ino !== own.ino) seen.set(`${found.identity.ino}`, found);
  };
  for (const [, path] of namespacesOfProcesses()) look(path);
  // A name outlives processes, and says more.
  for (const name of namesIn(NAMED)) look(`${NAMED}/${name}`);
  return [...seen.values()].sort((a, b) => (isBefore(a.path, b.path) ? -1 : 1));
}

/** The namespace that a path leads to; `undefined` when there is none, or another kind of file. */
export function namespaceAt(path: string): SeenNetns | undefined {
  try {
    const status = statusOf(path);
    if (status === undefined || status.dev !== ownNetns().identity.dev) return undefined;
    return { path, identity: { dev: status.dev, ino: status.ino } };
  } catch {
    // Its process has ended, or nobody may look.
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return files()
      .list(folder)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function isBefore(one: string, other: string): boolean {
  const [isNamed, isOtherNamed] = [one.startsWith(NAMED), other.startsWith(NAMED)];
  return isNamed === isOtherNamed ? one < other : isNamed;
}
