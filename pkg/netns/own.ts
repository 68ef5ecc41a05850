import { files, overwriteFile, readExistingFile } from '../sys/files/files.ts';
import { libc } from '../sys/libc.ts';
import { startProcess } from '../sys/process/process.ts';
import { type Netns, type NetnsIdentity, sameNetns } from './netns.ts';

/** Behind it comes the family. */
const SETTINGS = '/proc/sys/net/';

let own: Netns | undefined;

/** The namespace that this process is in: on a node, the host's. There is nothing to open and nothing to enter. */
export function ownNetns(): Netns {
  own ??= new OwnNetns();
  return own;
}

/**
 * Has the folder of a family's settings opened while there is other work. With hundreds of namespaces that takes half a
 * millisecond: the kernel looks for it among the folders of all of them.
 */
export function openSettingsAhead(family: 'ipv4' | 'ipv6'): void {
  settingsFolders.openAhead(`${SETTINGS}${family}`);
}

/** Folders that are held open once they were used. */
class HeldFolders {
  readonly #fds = new Map<string, () => number>();

  openAhead(path: string): void {
    const opened = this.#fds.has(path) ? undefined : libc()?.openInThread(path);
    if (opened === undefined) return;
    this.#fds.set(path, () => {
      // Also when it fails it was waited for, and that can be done only once.
      this.#fds.delete(path);
      const fd = opened();
      this.#fds.set(path, () => fd);
      return fd;
    });
  }

  fd(path: string): number {
    let known = this.#fds.get(path);
    if (known === undefined) {
      const fd = files().open(path);
      known = () => fd;
      this.#fds.set(path, known);
    }
    return known();
  }
}

const settingsFolders = new HeldFolders();

class OwnNetns implements Netns {
  readonly label = 'host';
  readonly prefix: readonly string[] = [];
  readonly canEnter = true;
  #identity: NetnsIdentity | undefined;
  #fd: number | undefined;

  /** Of a file that is held: `/proc/PID/ns/net` would be another namespace while this thread starts a process there. */
  get path(): string {
    this.#fd ??= files().open('/proc/thread-self/ns/net');
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  get identity(): NetnsIdentity {
    this.#identity ??= identifyOwn();
    return this.#identity;
  }

  equals(other: Netns): boolean {
    return sameNetns(this.identity, other.identity);
  }

  isOwn(): boolean {
    return true;
  }

  run<T>(work: () => T extends PromiseLike<unknown> ? never : T): T {
    return work();
  }

  start = startProcess;

  async readFile(path: string): Promise<string> {
    return this.#byShortWay(path, readExistingFile);
  }

  async writeFile(path: string, text: string): Promise<void> {
    this.#byShortWay(path, (way) => overwriteFile(way, text));
  }

  close(): void {}

  /** Settings are reached through their folder, which is held. Errors name the path all the same. */
  #byShortWay<T>(path: string, work: (way: string) => T): T {
    if (path.startsWith(SETTINGS)) {
      try {
        return work(this.#shortWay(path));
      } catch {}
    }
    return work(path);
  }

  #shortWay(path: string): string {
    const end = path.indexOf('/', SETTINGS.length);
    return `/proc/self/fd/${settingsFolders.fd(path.slice(0, end))}${path.slice(end)}`;
  }
}

function identifyOwn(): NetnsIdentity {
  const fd = files().open('/proc/thread-self/ns/net');
  try {
    return files().statusOf(fd);
  } finally {
    files().close(fd);
  }
}
