import { OPEN } from '../../pkg/sys/files/calls.ts';
import { files } from '../../pkg/sys/files/files.ts';
import { bindFunctions } from '../../pkg/sys/libc.ts';

/** A program whose whole life is measured. */
export interface TimedProgram {
  readonly file: string;
  readonly args?: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Files and no pipes: what the helper would do with pipes is not the program's. Without one it is /dev/null. */
  readonly stdin?: string;
  readonly stdout?: string;
}

/** How it went. */
export interface TimedEnd {
  /** From just before the start until the end is noticed. */
  readonly nanoseconds: number;
  /** Absent when a signal ended it. */
  readonly status: number | undefined;
  /** The most memory that it had. */
  readonly peakBytes: number;
}

/** `struct rusage`, and in it the peak in kilobytes. */
const USAGE_NUMBERS = 18;
const PEAK_AT = 4;

/** Runs a program and waits for its end; for executables only, whose way to start one costs least. */
export function timedRun({ file, args = [], env, stdin, stdout }: TimedProgram): TimedEnd {
  if (typeof Native === 'undefined') throw new Error('this is for executables only');
  const { symbols, checked } = bindFunctions('wait4');
  const input = stdin === undefined ? -1 : files().open(stdin);
  const output = stdout === undefined ? -1 : files().open(stdout, OPEN.write | OPEN.create | OPEN.truncate, 0o600);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const state = new Int32Array(1);
  const usage = new BigInt64Array(USAGE_NUMBERS);
  const start = Native.now();
  const pid = checked(`spawn ${file}`, Native.spawn(file, [file, ...args], variables, input, output, -1));
  checked('wait4', symbols.wait4(pid, state, 0, usage));
  const nanoseconds = Math.round((Native.now() - start) * 1e6);
  for (const fd of [input, output]) if (fd >= 0) files().close(fd);
  const ended = state[0] ?? 0;
  return {
    nanoseconds,
    status: (ended & 0x7f) === 0 ? (ended >> 8) & 0xff : undefined,
    peakBytes: Number(usage[PEAK_AT]) * 1024,
  };
}
