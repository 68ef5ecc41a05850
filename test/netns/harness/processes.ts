import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** A process that is in one of a host's namespaces. */
export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** A child of a plugin that has ended waits for the kernel this long at most. */
const PATIENCE_MS = 1000;

/** {@link processesIn} when the children of plugins that have ended are gone; a plugin is called without arguments. */
export async function lastingProcessesIn(
  holder: number,
  pods: readonly { readonly outerPath: string }[],
): Promise<readonly FoundProcess[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = processesIn(holder, pods);
    if (!found.some(isEnding) || performance.now() > deadline) return found;
    await setTimeout(5);
  }
}

/** A plugin, the tool, or one that is about to be gone and has no words any more. */
function isEnding({ command }: FoundProcess): boolean {
  return command === '' || /^\/\S+(?:\/cni .*)?$/.test(command);
}

/** The processes in the namespaces of a host and of these pods, without the one that holds the host. */
export function processesIn(holder: number, pods: readonly { readonly outerPath: string }[]): readonly FoundProcess[] {
  const networks = new Set([readlinkSync(`/proc/${holder}/ns/net`)]);
  for (const { outerPath } of pods) {
    const pod = statSync(outerPath, { throwIfNoEntry: false });
    if (pod !== undefined) networks.add(`net:[${pod.ino}]`);
  }
  const mounts = readlinkSync(`/proc/${holder}/ns/mnt`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== holder)
    .flatMap((pid) => {
      try {
        const inside =
          networks.has(readlinkSync(`/proc/${pid}/ns/net`)) || readlinkSync(`/proc/${pid}/ns/mnt`) === mounts;
        if (!inside) return [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
        return [{ pid: Number(pid), command }];
      } catch {
        return []; // It ended while it was looked at.
      }
    });
}
