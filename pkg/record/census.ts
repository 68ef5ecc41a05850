import { files } from '../sys/files/files.ts';

/** Tells whether any process is in the network namespace with this inode. */
export type NamespaceCensus = (ino: string) => boolean;

/** Looks through all processes once, when first asked: good for the judgements of one verb. */
export function namespaceCensus(): NamespaceCensus {
  let inUse: ReadonlyMap<string, string> | undefined;
  return (ino) => {
    inUse ??= namespacesOfProcesses();
    return inUse.has(`net:[${ino}]`);
  };
}

/** The network namespaces that processes are in, as the kernel calls them (`net:[4026531840]`), each with a path to it. */
export function namespacesOfProcesses(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name } of files().list('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const path = `/proc/${name}/ns/net`;
    try {
      const label = files().readLink(path);
      if (!found.has(label)) found.set(label, path);
    } catch {
      // It has ended meanwhile, or is a thread of the kernel.
    }
  }
  return found;
}
