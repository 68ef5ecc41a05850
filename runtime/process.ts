import { host } from './host.ts';
import { onSignal } from './signals.ts';

const PATH_BYTES = 4096;

/** The modules of Node that there is something of; see runtime/node. */
const MODULES = ['crypto', 'fs', 'net', 'os', 'path', 'tty', 'util'] as const;

const loaded = new Map<string, unknown>();

/** The part of Node's `process` that the program uses. */
export const process = {
  argv0: '',
  argv: [] as readonly string[],
  env: undefined as unknown as Record<string, string>,
  arch: host.arch,
  platform: 'linux',
  pid: 0,
  exit: (status = 0): never => host.exit(status),
  getuid: () => host.libc('getuid')(),
  umask: (mask: number) => host.libc('umask')(mask),
  cwd,
  on: onSignal,
  getBuiltinModule,
  stdout: { write: (text: string) => writeAll(1, text) },
  stderr: { write: (text: string) => writeAll(2, text) },
};

/** What only a process knows; before that, nobody may ask. */
export function beginProcess(argv: readonly string[], environment: readonly string[]): void {
  const [name = '', ...args] = argv;
  process.argv0 = name;
  process.argv = [name, '', ...args];
  process.env = variablesOf(environment);
  process.pid = host.libc('getpid')();
}

function variablesOf(environment: readonly string[]): Record<string, string> {
  // Without a prototype, so that every name is one like any other.
  const found = Object.create(null) as Record<string, string>;
  for (const entry of environment) {
    const end = entry.indexOf('=');
    if (end > 0) found[entry.slice(0, end)] ??= entry.slice(end + 1);
  }
  return found;
}

function cwd(): string {
  const buffer = new Uint8Array(PATH_BYTES);
  // It gives where it has written, or nothing.
  if (host.libc('getcwd')(buffer, buffer.length) <= 0) throw new Error('the working directory is gone');
  return host.decode(buffer.subarray(0, buffer.indexOf(0)));
}

function getBuiltinModule(id: string): unknown {
  const name = MODULES.find((known) => id === `node:${known}` || id === known);
  if (name === undefined) return undefined;
  if (!loaded.has(name)) loaded.set(name, host.load(`node-${name}.js`));
  return loaded.get(name);
}

function writeAll(fd: number, text: string): void {
  const write = host.libc('write');
  for (let rest = host.encode(text); rest.length > 0; ) {
    const written = write(fd, rest, rest.length);
    if (written <= 0) return;
    rest = rest.subarray(written);
  }
}
