import { thrownText } from '../sys/errno.ts';
import { files, fs, overwriteFile, readExistingFile } from '../sys/files/files.ts';
import { CLONE_NEWNET, type Libc, libc } from '../sys/libc.ts';
import { type ProcessRequest, type Running, startProcess } from '../sys/process/process.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { printError } from '../types/print.ts';
import { LATEST_VERSION } from '../types/version.ts';
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
    home ??= openHome();
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

function openHome(): number {
  const path = '/proc/thread-self/ns/net';
  try {
    return files().open(path);
  } catch (thrown) {
    const message = `cannot enter a network namespace without /proc: open ${path}: ${thrownText(thrown)}`;
    throw new NetnsError('other', message, 'the way back leads through /proc, which has to be mounted');
  }
}

/** How often the way back is tried: the kernel may be out of memory for a moment. */
const WAYS_BACK = 3;

/** Whatever would follow a failure here would happen in the wrong namespace: nothing may follow. */
function comeBack(c: Libc, fd: number): void {
  for (let tries = 1; ; tries++) {
    try {
      c.setns(fd, CLONE_NEWNET);
      return;
    } catch (thrown) {
      if (tries === WAYS_BACK) giveUp(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
}

/** A runtime hears of it all the same. */
function giveUp(reason: string): never {
  const message = `cannot come back from a network namespace, giving up: ${reason}`;
  fs().writeSync(2, `cni-ts: ${message}\n`);
  const details = 'what was done until then is still there; DEL takes it down';
  const error = new CniError(ErrorCode.internal, message, details);
  if ((process.env['CNI_COMMAND'] ?? '') !== '') fs().writeSync(1, printError(error, LATEST_VERSION));
  process.exit(1);
}
