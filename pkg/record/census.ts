import { files } from '../sys/files.ts';

/** Tells whether any process is in the network namespace with this inode. */
export type NamespaceCensus = (ino: string) => boolean;

/** Looks through all processes once, when first asked: good for the judgements of one verb. */
export function namespaceCensus(): NamespaceCensus {
  let inUse: Set<string> | undefined;
  return (ino) => {
    inUse ??= namespacesOfProcesses();
    return inUse.has(`net:[${ino}]`);
  };
}

function namespacesOfProcesses(): Set<string> {
  const found = new Set<string>();
  for (const { name } of files().list('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      found.add(files().readLink(`/proc/${name}/ns/net`));
    } catch {
      // It has ended meanwhile, or is a thread of the kernel.
    }
  }
  return found;
}
