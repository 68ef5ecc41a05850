/** The few parts of the compiled runtime's own API that this project uses; `node:` APIs serve everywhere else. */
declare module 'bun:ffi' {
  export type Pointer = number & { readonly __pointer: unique symbol };
  export type NativeType = 'int' | 'u32' | 'u64' | 'i64' | 'ptr' | 'void';
  export interface Signature {
    readonly args: readonly NativeType[];
    readonly returns: NativeType;
  }
  // biome-ignore lint/suspicious/noExplicitAny: each symbol's own signature is given where it is declared
  export type NativeFunction = (...args: any[]) => any;
  export function dlopen<Name extends string>(
    path: string,
    symbols: Readonly<Record<Name, Signature>>,
  ): { readonly symbols: Readonly<Record<Name, NativeFunction>>; close(): void };
  export function ptr(view: NodeJS.TypedArray): Pointer;
  export const read: { i32(pointer: Pointer, offset?: number): number };
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

interface BunRuntime {
  readonly stdout: unknown;
  readonly stderr: unknown;
  write(file: unknown, text: string): Promise<number>;
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
  readableStreamToText(stream: ReadableStream<Uint8Array>): Promise<string>;
  which(program: string, options?: { PATH?: string }): string | null;
}

/** Present only in the compiled executable. */
declare var Bun: BunRuntime | undefined;
