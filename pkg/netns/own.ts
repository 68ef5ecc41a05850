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
    return readExistingFile(path);
  }

  async writeFile(path: string, text: string): Promise<void> {
    overwriteFile(path, text);
  }

  close(): void {}
}

function identifyOwn(): NetnsIdentity {
  const fd = files().open('/proc/thread-self/ns/net');
  try {
    return files().statusOf(fd);
  } finally {
    files().close(fd);
  }
}
