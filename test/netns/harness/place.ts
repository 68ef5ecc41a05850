import { execa } from 'execa';
import { findProgram } from '../../../pkg/sys/process/find-program.ts';
import { RUN_MARKER } from '../../../scripts/lib/snapshot.ts';
import { driverOfTests } from './drivers.ts';

/** How a program is run in a {@link Place}. */
export interface RunOptions {
  /** Its whole environment besides PATH and the hand that the tests are run by; nothing else of the test's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** It is killed after this long; 30 s by default. */
  readonly timeoutMs?: number;
}

/** How a program ended. */
export interface Outcome {
  /** `undefined` when a signal ended it, also that of the time limit. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** From the call until the end, `nsenter` included: two to four milliseconds of it. */
  readonly ms: number;
}

/** A program that goes on while the test does other things. */
export interface Background {
  /** Its process; `nsenter` becomes the program, so the number stays, but where processes are numbered anew. */
  readonly pid: number;
  /** Everything it has printed so far. */
  stdout(): string;
  /** Kills it and waits for its end. */
  stop(): Promise<void>;
}

/** Somewhere to run programs: a network namespace, with the mounts of the host that it belongs to. */
export interface Place {
  readonly name: string;
  /** What stands in front of a command to run it here. */
  readonly enter: readonly [string, ...string[]];
  /** Runs a program to its end, however it ends. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Starts a program that does not end by itself. */
  start(argv: readonly string[], options?: RunOptions): Background;
  /** Runs an `ip` command written as a person types it, and gives its output; throws when it fails. */
  ip(line: string): Promise<string>;
  /** Sets `lo` up and down once: the first time leaves an address and a queue behind that no DEL takes away. */
  wearIn(): Promise<void>;
}

/** Where programs are found on a host. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** By its whole path: the PATH of a call is the program's, and may be one in which nothing is found. */
const NSENTER = findProgram('nsenter');

/** A place in these namespaces, given as paths of the test's own process; `pids` where processes are numbered anew. */
export function placeOf(name: string, netns: string, mounts: string, pids?: string): Place {
  const numbered = pids === undefined ? [] : [`--pid=${pids}`];
  const enter = [NSENTER, `--net=${netns}`, `--mount=${mounts}`, ...numbered, '--'] as const;
  const launch = (argv: readonly string[], { env = {}, stdin = '' }: RunOptions, timeout: number) => {
    const [program, ...args] = [...enter, ...argv] as const;
    return execa(program, args, {
      cwd: '/',
      env: { PATH, ...runMarker(), ...driverOfTests(), ...env },
      extendEnv: false,
      input: stdin,
      stripFinalNewline: false,
      reject: false,
      timeout,
      killSignal: 'SIGKILL',
    });
  };
  const place: Place = {
    name,
    enter,
    async run(argv, options = {}) {
      const started = performance.now();
      const { exitCode, stdout, stderr, shortMessage } = await launch(argv, options, options.timeoutMs ?? 30_000);
      const ms = performance.now() - started;
      // A program that was killed, or could not be started, has not said why.
      return { exitCode, stdout, stderr: exitCode === undefined ? `${stderr}${shortMessage}` : stderr, ms };
    },
    start(argv, options = {}) {
      const child = launch(argv, options, options.timeoutMs ?? 0);
      if (child.pid === undefined) throw new Error(`${argv.join(' ')} could not be started`);
      let printed = '';
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      return {
        pid: child.pid,
        stdout: () => printed,
        async stop() {
          child.kill('SIGKILL');
          await child;
        },
      };
    },
    async ip(line) {
      const { exitCode, stdout, stderr } = await place.run(['ip', ...line.split(' ')]);
      if (exitCode !== 0) throw new Error(`${name}: ip ${line}: ${stderr.trim()}`);
      return stdout;
    },
    async wearIn() {
      await place.ip('link set dev lo up');
      await place.ip('link set dev lo down');
    },
  };
  return place;
}

/** Processes that outlive the test run are known by it. */
export function runMarker(): Readonly<Record<string, string>> {
  const run = process.env[RUN_MARKER];
  return run === undefined ? {} : { [RUN_MARKER]: run };
}
