import type { FileIdentity } from '../sys/libc.ts';
import type { ProcessRequest, Running } from '../sys/process/process.ts';

/** What a namespace is to the kernel. */
export type NetnsIdentity = FileIdentity;

/** A network namespace, held open: it can be worked in even after its path is gone, until it is closed. */
export interface Netns {
  /** The path it was opened by; for this process's own, one that is good from anywhere on this host. */
  readonly path: string;
  readonly identity: NetnsIdentity;
  /** How it is called in messages: `host`, or its path. */
  readonly label: string;
  /** What a person types in front of a command to run it here; empty for this process's own namespace. */
  readonly prefix: readonly string[];
  /** Whether both are the same namespace. */
  equals(other: Netns): boolean;
  /** Whether it is the namespace that this process itself is in. */
  isOwn(): boolean;
  /**
   * Does synchronous work inside and comes back. Not to be had under Node: see {@link canEnter}.
   * The process ends if it cannot come back, because all that followed would happen in the wrong place.
   */
  run<T>(work: () => T extends PromiseLike<unknown> ? never : T): T;
  /** Whether {@link run} is to be had in this process. */
  readonly canEnter: boolean;
  /** Starts a process inside. */
  start(request: ProcessRequest): Running;
  /** Reads a file as it is seen inside: for /proc/sys/net. */
  readFile(path: string): Promise<string>;
  /** Writes into an existing file as it is seen inside: for /proc/sys/net. */
  writeFile(path: string, text: string): Promise<void>;
  /** Lets go of it; harmless a second time. */
  close(): void;
}

/** Whether two identities name the same namespace. */
export function sameNetns(a: NetnsIdentity, b: NetnsIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
