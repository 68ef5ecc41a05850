import { errnoFromText } from '../sys/errno.ts';
import { ProgramError } from '../sys/process/error.ts';
import { findProgram } from '../sys/process/find-program.ts';
import { type ProcessRequest, type Running, runProcess, startProcess } from '../sys/process/process.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { NetnsError } from './error.ts';
import { HeldNetns } from './held.ts';

/** A namespace that a helper program enters: where this process cannot call `setns` itself. */
export class NsenterNetns extends HeldNetns {
  readonly canEnter = false;

  run<T>(_work: () => T extends PromiseLike<unknown> ? never : T): T {
    throw new NetnsError('other', `cannot work inside network namespace ${this.path} in this process`);
  }

  start(request: ProcessRequest): Running {
    try {
      return startProcess(this.#inside(request));
    } catch (thrown) {
      throw this.#explained(thrown);
    }
  }

  async readFile(path: string): Promise<string> {
    return this.#helper('open', path, { argv: ['cat', '--', path] });
  }

  async writeFile(path: string, text: string): Promise<void> {
    await this.#helper('write', path, { argv: ['tee', '--', path], stdin: text });
  }

  /** Through our own open descriptor: it leads to the same namespace whatever happens to the path. */
  #inside(request: ProcessRequest): ProcessRequest {
    const entry = `--net=/proc/${process.pid}/fd/${this.fd}`;
    const [program, ...args] = request.argv;
    // Looked up here: nsenter would tell a missing program only by its exit status.
    return { ...request, argv: ['nsenter', entry, '--', findProgram(program, request.environment), ...args] };
  }

  async #helper(operation: string, path: string, request: ProcessRequest): Promise<string> {
    let outcome: Awaited<ReturnType<typeof runProcess>>;
    try {
      outcome = await runProcess(this.#inside(request));
    } catch (thrown) {
      throw this.#explained(thrown);
    }
    if (outcome.status === 0) return outcome.stdout;
    const reason = outcome.stderr.trim().split(': ').at(-1) ?? '';
    const errno = errnoFromText(reason);
    // As if a call of this process had failed, so that callers need not know how the file was reached.
    const cause = Object.assign(new Error(outcome.stderr.trim()), errno === undefined ? {} : { code: errno });
    const what = errno === 'ENOENT' ? 'open' : operation;
    throw new CniError(ErrorCode.io, `${what} ${path}: ${reason.toLowerCase()}`, '', { cause });
  }

  #explained(thrown: unknown): unknown {
    if (!(thrown instanceof ProgramError) || thrown.program !== 'nsenter') return thrown;
    return new NetnsError(
      'other',
      `cannot enter network namespace ${JSON.stringify(this.path)}: ${thrown.message}`,
      'nsenter (package util-linux) is needed where this process cannot enter namespaces itself',
    );
  }
}
