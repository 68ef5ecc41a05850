/** The few parts of the compiled runtime's own API that this project uses; `node:` APIs serve everywhere else. */
declare namespace Ffi {
  type Pointer = number & { readonly __pointer: unique symbol };
  type NativeType = 'int' | 'u32' | 'u64' | 'i64' | 'ptr' | 'void';
  interface Signature {
    readonly args: readonly NativeType[];
    readonly returns: NativeType;
  }
  // biome-ignore lint/suspicious/noExplicitAny: each symbol's own signature is given where it is declared
  type NativeFunction = (...args: any[]) => any;
  interface Library<Name extends string> {
    readonly symbols: Readonly<Record<Name, NativeFunction>>;
  }
}

/** What the module `bun:ffi` is made of. Importing that costs more than everything else about foreign functions. */
interface BunForeignFunctions {
  /** Gives what went wrong instead of throwing it. */
  dlopen<Name extends string>(path: string, symbols: Readonly<Record<Name, Ffi.Signature>>): Ffi.Library<Name> | Error;
  ptr(view: NodeJS.TypedArray): Ffi.Pointer;
  readonly read: { i32(pointer: Ffi.Pointer, offset?: number): number };
}

interface BunSubprocess {
  readonly pid: number;
  readonly exited: Promise<number>;
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  /** Present when it was asked for as a pipe. */
  readonly stdin?: { write(text: string): unknown; end(): unknown };
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  kill(signal?: number | string): void;
  /** What the kernel counted, once it has ended; sizes in bytes. */
  resourceUsage(): { readonly maxRSS: number } | undefined;
}

/** A connection that the event loop looks after. */
interface BunSocket {
  /** Closes it at once. */
  terminate(): void;
}

interface BunRuntime {
  readonly FFI: BunForeignFunctions;
  spawn(
    argv: readonly string[],
    options: {
      env?: Readonly<Record<string, string | undefined>>;
      stdin?: 'ignore' | 'pipe' | Uint8Array;
      stdout?: 'pipe' | 'ignore';
      stderr?: 'pipe' | 'ignore';
      argv0?: string;
    },
  ): BunSubprocess;
  /** Looks after a descriptor that is open already, and owns it from then on. */
  connect(options: {
    fd: number;
    socket: {
      data(socket: BunSocket, bytes: Uint8Array): void;
      close(socket: BunSocket): void;
      error(socket: BunSocket, error: Error): void;
    };
  }): Promise<BunSocket>;
  readableStreamToText(stream: ReadableStream<Uint8Array>): Promise<string>;
  which(program: string, options?: { PATH?: string }): string | null;
}

/** Present only in the compiled executable. */
declare var Bun: BunRuntime | undefined;
