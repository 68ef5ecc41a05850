import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { SYSTEMD_BOOT, SYSTEMD_HOLDER } from './systemd.ts';

/** What a host is made for, besides calling plugins. */
export interface HostOptions {
  /**
   * Container runtimes: processes are numbered anew and all end with the host, cgroups are the machine's, and what is
   * written to `/etc` and `/opt` is seen by nobody else.
   */
  readonly forContainers?: true;
  /** The same with cgroups of its own, and its first process is Debian's systemd, without a unit of the machine. */
  readonly forSystemd?: true;
}

/** The process that holds a host's namespaces. */
export interface Holder {
  readonly pid: number;
  /** Lets go of the namespaces. */
  release(): Promise<void>;
}

const MOUNTS = `
set -e
mount -t tmpfs tmpfs /run
mkdir /run/netns
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/cni
`;

/**
 * Makes the mounts private, says so, and stays until its stdin closes: with the test's process it is gone too,
 * however that ends, and the kernel removes all that only it held.
 */
const HOLDER = `
${MOUNTS}
mount -t sysfs sysfs /sys
rm -rf /run/mount
ip link set lo up
echo ready $$
exec cat >/dev/null
`;

/** Besides, cgroups as the machine has them, and folders that are written to by nobody else. */
const CONTAINER_MOUNTS = `
${MOUNTS}
mkdir /run/cgroup
mount --rbind /sys/fs/cgroup /run/cgroup
mount -t sysfs sysfs /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount -R /run/cgroup
rmdir /run/cgroup
for folder in etc opt; do
  mkdir -p /var/lib/overlay/$folder/upper /var/lib/overlay/$folder/work
  mount -t overlay -o lowerdir=/$folder,upperdir=/var/lib/overlay/$folder/upper,workdir=/var/lib/overlay/$folder/work overlay /$folder
done
rm -rf /run/mount
ip link set lo up
`;

/** The same with what container runtimes need; $1 is in the names of all cgroups that they are told to make. */
const CONTAINER_HOLDER = `
${CONTAINER_MOUNTS}
unshare --pid --fork --kill-child sh -c '
  read pid rest </proc/self/stat
  mount -t proc proc /proc
  echo ready $pid
  exec cat >/dev/null
' || true
for attempt in 1 2 3 4 5; do
  find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} + && break
  sleep 0.1
done
`;

/** Starts the process that makes a host's namespaces. */
export async function startHolder(name: string, options: HostOptions): Promise<Holder> {
  const { forContainers = false, forSystemd = false } = options;
  const script = forSystemd ? CONTAINER_MOUNTS + SYSTEMD_HOLDER : forContainers ? CONTAINER_HOLDER : HOLDER;
  const unshare = ['--net', '--mount', '--propagation', 'private', '--', 'sh', '-c', script, 'sh', name, SYSTEMD_BOOT];
  // Cgroups have to be removed whatever ends the test's process, and all others of its group with it.
  const holder = spawn('unshare', unshare, { stdio: ['pipe', 'pipe', 'pipe'], detached: forContainers || forSystemd });
  const ended = once(holder, 'close');
  const pid = await readPid(holder, ended);
  return {
    pid,
    async release() {
      holder.stdin.end();
      await ended;
    },
  };
}

async function readPid(holder: ChildProcess, ended: Promise<unknown>): Promise<number> {
  let complaint = '';
  let said = '';
  holder.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ready = new Promise<void>((resolve) => {
    holder.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith('\n')) resolve();
    });
  });
  await Promise.race([ready, ended]);
  const pid = Number(/^ready (\d+)$/m.exec(said)?.[1]);
  if (!Number.isInteger(pid)) throw new Error(`cannot make a host: ${complaint.trim()}`);
  return pid;
}
