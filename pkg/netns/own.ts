import { files, overwriteFile, readExistingFile } from '../sys/files.ts';
import { startProcess } from '../sys/process.ts';
import { type Netns, type NetnsIdentity, sameNetns } from './netns.ts';

let own: Netns | undefined;

/** The namespace that this process is in: on a node, the host's. There is nothing to open and nothing to enter. */
export function ownNetns(): Netns {
  own ??= new OwnNetns();
  return own;
}

class OwnNetns implements Netns {
  readonly label = 'host';
  readonly prefix: readonly string[] = [];
  readonly canEnter = true;
  #identity: NetnsIdentity | undefined;
  #fd: number | undefined;
  /** Folders of settings, and what they are held open by. */
  readonly #folders = new Map<string, number>();

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

  /**
   * Settings are reached through their folder, which is held: the kernel finds that among those of all namespaces, one
   * after the other. Errors name the path all the same.
   */
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
    const folder = path.slice(0, end);
    let fd = this.#folders.get(folder);
    if (fd === undefined) {
      fd = files().open(folder);
      this.#folders.set(folder, fd);
    }
    return `/proc/self/fd/${fd}${path.slice(end)}`;
  }
}

/** Behind it comes the family. */
const SETTINGS = '/proc/sys/net/';

function identifyOwn(): NetnsIdentity {
  const fd = files().open('/proc/thread-self/ns/net');
  try {
    return files().statusOf(fd);
  } finally {
    files().close(fd);
  }
}
