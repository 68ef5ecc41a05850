/** What a function of the C library takes: a number, a text or the place of some bytes; `null` is no place. */
type NativeArgument = number | bigint | string | NodeJS.TypedArray | ArrayBuffer | null;

/** A function of the C library; a failure is a negative errno. */
type NativeFunction = (...args: readonly NativeArgument[]) => number;

/** What the executable's host gives the program; see runtime/host. */
interface NativeRuntime {
  /** The architecture, in the words of `process.arch`. */
  readonly arch: 'x64' | 'arm64';
  /** A function of the C library; throws when the program is not given one of that name. */
  libc(name: string): NativeFunction;
  /** Where bytes are, for structures that refer to others; good as long as these are referred to. */
  addressOf(bytes: NodeJS.TypedArray): bigint;
  /** A text that all whole files of one build of this suite share; `undefined` for any other file, and where there is none. */
  buildOf(path: string): string | undefined;
  /** UTF-8 to text; what is wrong becomes U+FFFD. */
  decode(bytes: Uint8Array): string;
  /** A text as UTF-8. */
  encode(text: string): Uint8Array<ArrayBuffer>;
  /** SHA-512 of some bytes. */
  sha512(bytes: Uint8Array): ArrayBuffer;
  /**
   * Starts a program; the result is its process id or a negative errno. A descriptor of -1 is /dev/null. The fork
   * happens before this returns.
   */
  spawn(
    path: string,
    argv: readonly string[],
    environment: readonly string[],
    stdin: number,
    stdout: number,
    stderr: number,
  ): number;
  /**
   * Has a child send requests, each of which waits for what the kernel does meanwhile; a number is a pause of so many
   * milliseconds. The child keeps the descriptor open until it is through, and outlives this process if it must. The result
   * is its process id or a negative errno; its exit status is the errno of the first request that was not sent.
   */
  sendByChild(fd: number, steps: readonly (Uint8Array | number)[]): number;
  /**
   * Has a second thread open a path for reading, or send a request, while this one goes on; the process does not end before
   * that is over. The result is a number for {@link join}, or a negative errno.
   */
  openInThread(path: string): number;
  sendInThread(fd: number, request: Uint8Array): number;
  /** Waits for such a thread: a descriptor, how many bytes were sent, or a negative errno. Once for each. */
  join(number: number): number;
  /** From now on a signal waits for a descriptor of `signalfd`. */
  holdSignal(number: number): number;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  /** Ends the process at once. */
  exit(status: number): never;
  /**
   * What is called first, with the name the executable was called by, its arguments, and `NAME=value` for each variable;
   * and what does one piece of work after that and tells whether there can be more.
   */
  setLoop(begin: (argv: readonly string[], environment: readonly string[]) => void, turn: () => boolean): void;
  /** What is called when the modules are there, with a picture or without; its promise is that of the whole program. */
  setProgram(program: () => Promise<void>): void;
  /** What a module of the program exports; evaluated anew each time. */
  load(name: string): unknown;
  /** Has something done whenever a descriptor is ready; gives what ends that. */
  watch: (fd: number, what: 'readable' | 'writable', act: () => void) => () => void;
  /** The status of a child that was started with `spawn`, as `waitpid` gives it, once it has ended. */
  childEnd: (pid: number) => Promise<number>;
}

/** Present only in the executable. */
declare var Native: NativeRuntime | undefined;
