import { errnoName, errnoText } from '../errno.ts';
import { type Binding, bindFunctions, LibcError } from '../libc.ts';
import { ProgramError } from './error.ts';
import type { Child, Exit } from './outcome.ts';

/** Linux signals by their numbers, 1 to 31. */
const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS';

const O_CLOEXEC = 0o2000000;
const MFD_CLOEXEC = 1;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const EAGAIN = -11;
const SIGKILL = 9;
const PIECE_BYTES = 65_536;

type Functions = Binding<'pipe2' | 'memfd_create' | 'lseek' | 'fcntl' | 'read' | 'write' | 'close' | 'kill'>;

let bound: Functions | undefined;

function functions(): Functions {
  bound ??= bindFunctions('pipe2', 'memfd_create', 'lseek', 'fcntl', 'read', 'write', 'close', 'kill');
  return bound;
}

/** The ends of pipes that stay here. */
interface OwnEnds {
  readonly stdout: number;
  readonly stderr: number;
  /** Present when the input is still to come. */
  readonly stdin: number | undefined;
}

/** Starts a program from the executable itself, where there is no `node:child_process`. */
export function startWithNative(
  path: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  stdin: string | Promise<string> | undefined,
): Child {
  if (typeof Native === 'undefined') throw new Error('only the executable starts programs like this');
  const opened = new Set<number>();
  const own = (fd: number): number => {
    opened.delete(fd);
    return fd;
  };
  try {
    const [stdout, stderr] = [makePipe(opened), makePipe(opened)];
    const later = typeof stdin === 'object' ? makePipe(opened) : undefined;
    const input = typeof stdin === 'string' ? fileWith(stdin, opened) : (later?.readEnd ?? -1);
    const variables = Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${value}`,
    );
    const pid = Native.spawn(path, argv, variables, input, stdout.writeEnd, stderr.writeEnd);
    if (pid < 0) throw cannotStart(path, -pid);
    const ends = {
      stdout: own(stdout.readEnd),
      stderr: own(stderr.readEnd),
      stdin: later === undefined ? undefined : own(later.writeEnd),
    };
    if (ends.stdin !== undefined && typeof stdin === 'object') feed(Native, ends.stdin, stdin);
    return follow(Native, pid, ends);
  } finally {
    for (const fd of opened) functions().symbols.close(fd);
  }
}

function cannotStart(path: string, errno: number): ProgramError {
  const name = errnoName(errno);
  return new ProgramError(path, name === undefined ? `errno ${errno}` : errnoText(name), new LibcError('spawn', errno));
}

function makePipe(opened: Set<number>): { readonly readEnd: number; readonly writeEnd: number } {
  const { symbols, checked } = functions();
  const pair = new Int32Array(2);
  checked('pipe2', symbols.pipe2(pair, O_CLOEXEC));
  const [readEnd = -1, writeEnd = -1] = pair;
  opened.add(readEnd).add(writeEnd);
  return { readEnd, writeEnd };
}

/** A file without a name: unlike a pipe it takes any text at once. */
function fileWith(text: string, opened: Set<number>): number {
  const { symbols, checked } = functions();
  const fd = checked('memfd_create', symbols.memfd_create('stdin', MFD_CLOEXEC));
  opened.add(fd);
  for (let rest: Uint8Array = new TextEncoder().encode(text); rest.length > 0; ) {
    rest = rest.subarray(checked('write', symbols.write(fd, rest, rest.length)));
  }
  checked('lseek', symbols.lseek(fd, 0, 0));
  return fd;
}

/** Writes a text that is still to come; without one in the end, stdin is empty. */
function feed(runtime: NativeRuntime, fd: number, text: Promise<string>): void {
  const { symbols } = functions();
  symbols.fcntl(fd, F_SETFL, O_NONBLOCK);
  const write = (given: string): void => {
    let rest: Uint8Array = new TextEncoder().encode(given);
    const stop = runtime.watch(fd, 'writable', () => {
      const written = rest.length === 0 ? 0 : symbols.write(fd, rest, rest.length);
      if (written === EAGAIN) return;
      rest = written < 0 ? rest.subarray(rest.length) : rest.subarray(written);
      // A program may end without having read its input.
      if (rest.length > 0) return;
      stop();
      symbols.close(fd);
    });
  };
  text.then(write, () => write(''));
}

function follow(runtime: NativeRuntime, pid: number, ends: OwnEnds): Child {
  const { symbols } = functions();
  const letGo = new Set<() => void>();
  let isRunning = true;
  const exited = runtime.childEnd(pid).then((status): Exit => {
    isRunning = false;
    const signal = status & 0x7f;
    return signal === 0
      ? { status: (status >> 8) & 0xff, signal: undefined }
      : { status: undefined, signal: signalName(signal) };
  });
  return {
    exited,
    read: (output, take) =>
      new Promise((resolve) => {
        const fd = ends[output];
        const buffer = new Uint8Array(PIECE_BYTES);
        const end = (): void => {
          if (!letGo.delete(end)) return;
          stop();
          symbols.close(fd);
          resolve();
        };
        const stop = runtime.watch(fd, 'readable', () => {
          const length = symbols.read(fd, buffer, buffer.length);
          if (length > 0) take(buffer.slice(0, length));
          else if (errnoName(length) !== 'EINTR') end();
        });
        letGo.add(end);
      }),
    kill() {
      // Its number may be another's by now.
      if (isRunning) symbols.kill(pid, SIGKILL);
    },
    letGo() {
      for (const end of letGo) end();
    },
  };
}

/** A signal's name, as `node:child_process` has it. */
function signalName(number: number): string {
  const name = NAMES.split(' ')[number - 1];
  return name === undefined ? `signal ${number}` : `SIG${name}`;
}
