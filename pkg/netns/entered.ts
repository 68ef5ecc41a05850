import { files, fs, overwriteFile, readExistingFile } from '../sys/files.ts';
import { CLONE_NEWNET, type Libc, libc } from '../sys/libc.ts';
import { type ProcessRequest, type Running, startProcess } from '../sys/process.ts';
import { NetnsError } from './error.ts';
import { HeldNetns } from './held.ts';

/** The way back, opened before the first departure. */
let home: number | undefined;

/** A namespace that this thread enters itself. */
export class EnteredNetns extends HeldNetns {
  readonly canEnter = true;

  run<T>(work: () => T extends PromiseLike<unknown> ? never : T): T {
    const c = libc();
    if (c === undefined) throw new NetnsError('other', `cannot enter network namespace ${this.path}`);
    home ??= files().open('/proc/thread-self/ns/net');
    try {
      c.setns(this.fd, CLONE_NEWNET);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new NetnsError('other', `cannot enter network namespace ${JSON.stringify(this.path)}: ${reason}`);
    }
    try {
      return work();
    } finally {
      comeBack(c, home);
    }
  }

  start(request: ProcessRequest): Running {
    return this.run(() => startProcess(request));
  }

  async readFile(path: string): Promise<string> {
    return this.run(() => readExistingFile(path));
  }

  async writeFile(path: string, text: string): Promise<void> {
    this.run(() => overwriteFile(path, text));
  }
}

/** Whatever would follow a failure here would happen in the wrong namespace: nothing may follow. */
function comeBack(c: Libc, fd: number): void {
  try {
    c.setns(fd, CLONE_NEWNET);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    fs().writeSync(2, `cni-ts: cannot come back from a network namespace, giving up: ${reason}\n`);
    process.exit(1);
  }
}
