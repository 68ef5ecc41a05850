import { files } from '../sys/files/files.ts';
import type { ProcessRequest, Running } from '../sys/process/process.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { type Netns, type NetnsIdentity, sameNetns } from './netns.ts';
import { ownNetns } from './own.ts';

/** What all opened namespaces have in common, however they are entered. */
export abstract class HeldNetns implements Netns {
  readonly path: string;
  readonly identity: NetnsIdentity;
  abstract readonly canEnter: boolean;
  #fd: number | undefined;

  constructor(path: string, fd: number, identity: NetnsIdentity) {
    this.path = path;
    this.identity = identity;
    this.#fd = fd;
  }

  get label(): string {
    return this.path;
  }

  get prefix(): readonly string[] {
    return ['nsenter', `--net=${this.path}`];
  }

  equals(other: Netns): boolean {
    return sameNetns(this.identity, other.identity);
  }

  isOwn(): boolean {
    return this.equals(ownNetns());
  }

  close(): void {
    if (this.#fd !== undefined) files().close(this.#fd);
    this.#fd = undefined;
  }

  /** The file descriptor that keeps it open. */
  protected get fd(): number {
    if (this.#fd === undefined) throw new CniError(ErrorCode.internal, `network namespace ${this.path} is closed`);
    return this.#fd;
  }

  abstract run<T>(work: () => T extends PromiseLike<unknown> ? never : T): T;
  abstract start(request: ProcessRequest): Running;
  abstract readFile(path: string): Promise<string>;
  abstract writeFile(path: string, text: string): Promise<void>;
}
