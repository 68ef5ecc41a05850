import { resolve } from 'node:path';
import { type FileCalls, OPEN } from '../../../pkg/sys/files/calls.ts';
import { files } from '../../../pkg/sys/files/files.ts';
import { bindFunctions } from '../../../pkg/sys/libc.ts';
import { MARK } from './values.ts';

/** What a call did that it must not. */
export type Report = (what: string) => void;

/** Where the suite keeps what it knows, and the settings of the kernel's network. */
const OWN = [
  /^\/run\/cni-ts(?:\/|$)/,
  /^\/run\/cni(?:\/|$)/,
  /^\/run$/,
  /^\/var\/lib\/cni(?:\/|$)/,
  /^\/proc\/sys\//,
  /^\/proc\/thread-self\/attr\/exec$/,
];
/** Nothing else of this machine is ever touched, whatever a configuration says. */
const PRIVATE = [/^\/run(?:\/|$)/, /^\/var\/lib(?:\/|$)/, /^\/proc\/sys\/net\//, /^\/proc\/thread-self\/attr\/exec$/];

let isOpen = false;

/** Does what the driver itself has to do with files: nobody watches. */
export function behindTheDoor<Value>(work: () => Value): Value {
  isOpen = true;
  try {
    return work();
  } finally {
    isOpen = false;
  }
}

/** Watches what is written; `allowed` are the folders that a configuration names. */
export function watchFiles(report: Report, allowed: () => readonly string[]): void {
  const real = files();
  const before: FileCalls = { ...real };
  const check = (path: string): void => {
    if (isOpen) return;
    // What is held open is written through its descriptor.
    const held = /^\/proc\/self\/fd\/\d+/.exec(path)?.[0];
    const whole = resolve(held === undefined ? path : `${before.readLink(held)}${path.slice(held.length)}`);
    const folders = allowed().map((folder) => resolve(folder));
    const named = folders.some((folder) => whole === folder || `${whole}/`.startsWith(`${folder}/`));
    // A folder above one that is named is made as well.
    const above = folders.some((folder) => folder.startsWith(`${whole}/`));
    if (!OWN.some((pattern) => pattern.test(whole)) && !named && !above) report(`writes ${JSON.stringify(path)}`);
    if (path.split('/').includes('..') && !named) report(`leaves its folder: ${JSON.stringify(path)}`);
    if (PRIVATE.some((pattern) => pattern.test(whole))) return;
    throw Object.assign(new Error('read-only'), { code: 'EROFS' });
  };
  const watched: Partial<FileCalls> = {
    open(path, flags = 0, mode) {
      if ((flags & (OPEN.write | OPEN.create | OPEN.truncate)) !== 0) check(path);
      return before.open(path, flags, mode);
    },
    setTimes(path, milliseconds) {
      check(path);
      before.setTimes(path, milliseconds);
    },
    rename(from, to) {
      check(from);
      check(to);
      before.rename(from, to);
    },
    removeFile(path) {
      check(path);
      before.removeFile(path);
    },
    makeFolder(path, mode) {
      check(path);
      before.makeFolder(path, mode);
    },
    removeFolder(path) {
      check(path);
      before.removeFolder(path);
    },
  };
  Object.assign(real, watched);
}

/** Programs of the suite; what a configuration names is never one. */
const PROGRAMS = /^(?:ip|tc|bridge|nft|conntrack|nsenter|setpriv|sysctl|ip6?tables(?:-save|-restore)?)$/;

/** Nothing is started: every program succeeds and says nothing, and its words and its input are looked at. */
export function watchPrograms(report: Report): void {
  if (typeof Native === 'undefined') throw new Error('this is for executables only');
  const runtime = Native;
  const spawn: NativeRuntime['spawn'] = (path, argv, environment, stdin) => {
    const name = (argv[0] ?? '').slice((argv[0] ?? '').lastIndexOf('/') + 1);
    if (!PROGRAMS.test(name)) report(`starts ${JSON.stringify([path, ...argv])}`);
    for (const word of [...argv, ...environment]) if (word.includes('\0')) report(`a NUL in ${JSON.stringify(argv)}`);
    if (stdin >= 0) readInput(runtime, stdin, (text) => checkInput(name, argv, text, report));
    return NO_PROCESS;
  };
  Object.assign(runtime, { spawn, childEnd: async () => 0 });
}

/** No process ever has this number. */
const NO_PROCESS = 0x7fffffff;
const F_DUPFD_CLOEXEC = 1030;

/** All that comes from a descriptor, which its owner may close at once. */
function readInput(runtime: NativeRuntime, stdin: number, take: (text: string) => void): void {
  const { symbols } = bindFunctions('fcntl', 'read', 'close');
  const fd = symbols.fcntl(stdin, F_DUPFD_CLOEXEC, 0);
  const decoder = new TextDecoder();
  let text = '';
  const stop = runtime.watch(fd, 'readable', () => {
    const bytes = new Uint8Array(65_536);
    const length = symbols.read(fd, bytes, bytes.length);
    if (length > 0) {
      text += decoder.decode(bytes.subarray(0, length), { stream: true });
      return;
    }
    stop();
    symbols.close(fd);
    take(text + decoder.decode());
  });
}

/** A line of input keeps its words: what came from outside is one of them, whole, or in quotes. */
function checkInput(name: string, words: readonly string[], text: string, report: Report): void {
  const isBatch = name === 'ip' || name === 'tc' || words.includes('-batch');
  for (const line of text.split('\n')) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    if (/[\u0000-\u0008\u000b-\u001f]/.test(line)) report(`control characters for ${name}: ${JSON.stringify(line)}`);
    if (!line.includes(MARK)) continue;
    const bare = isBatch ? line : line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
    if (isBatch ? /["'#\\;|`$]/.test(bare) : bare.includes(MARK) && / -[jAIDP] DROP|;|\bdrop\b/.test(bare)) {
      report(`a line of ${name} with more than one word from outside: ${JSON.stringify(line)}`);
    }
  }
}
