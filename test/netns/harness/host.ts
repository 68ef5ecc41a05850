import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type HostOptions, startHolder } from './holder.ts';
import { type Place, placeOf } from './place.ts';
import { processesIn } from './processes.ts';

/** A network namespace of a host that stands for a container. */
export interface Pod extends Place {
  /** What a runtime on that host puts into CNI_NETNS. */
  readonly path: string;
  /** The same namespace as seen by the test's own process. */
  readonly outerPath: string;
  remove(): Promise<void>;
}

/** A node of its own: network, /run, /var/lib and /sys are private and empty, everything else is this machine's. */
export interface Host extends Place {
  /** The process that holds the host's namespaces. */
  readonly pid: number;
  /** The host's root folder as seen by the test's own process. */
  readonly root: string;
  /** The pods that have not been removed. */
  readonly pods: readonly Pod[];
  /** Adds a pod, as fresh as a runtime makes it: `lo` is down and has never been up. */
  addPod(): Promise<Pod>;
  /** Ends all processes in it, and lets go of its namespaces. */
  dispose(): Promise<void>;
}

/** Makes a host; {@link useHost} is the way to get one that is removed after the tests of a file. */
export async function createHost(purpose = 'host', options: HostOptions = {}): Promise<Host> {
  const name = `${purpose}-${randomName()}`;
  const holder = await startHolder(name, options);
  const { pid } = holder;
  const pods = new Set<Pod>();
  const own = options.forContainers || options.forSystemd ? `/proc/${pid}/ns/pid` : undefined;
  const host = placeOf(name, `/proc/${pid}/ns/net`, `/proc/${pid}/ns/mnt`, own);
  return {
    ...host,
    pid,
    root: `/proc/${pid}/root`,
    get pods() {
      return [...pods];
    },
    async addPod() {
      const pod = await createPod(host, pid, () => pods.delete(pod));
      pods.add(pod);
      return pod;
    },
    async dispose() {
      // Where processes are numbered anew, the kernel ends all of them with the first.
      if (own === undefined) await endProcesses(host, [...pods], pid);
      await holder.release();
    },
  };
}

async function createPod(host: Place, pid: number, forget: () => void): Promise<Pod> {
  const name = `pod-${randomName()}`;
  await host.ip(`netns add ${name}`);
  const path = `/run/netns/${name}`;
  const outerPath = `/proc/${pid}/root${path}`;
  return {
    ...placeOf(name, outerPath, `/proc/${pid}/ns/mnt`),
    path,
    outerPath,
    async remove() {
      forget();
      // A test may have removed it already, to see what a plugin makes of that.
      await host.run(['ip', 'netns', 'del', name]);
    },
  };
}

/** A plugin's daemon or a server of the test may run on: by number, until nobody is left. */
async function endProcesses(host: Place, pods: readonly Pod[], holder: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const left = processesIn(holder, pods);
    if (left.length === 0) return;
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await setTimeout(10);
  }
  throw new Error(`${host.name}: processes that cannot be killed: ${JSON.stringify(processesIn(holder, pods))}`);
}

/** Long enough to be nobody else's, short enough for the name of a link. */
export function randomName(): string {
  return randomBytes(4).toString('hex');
}
