import { normalize } from 'node:path';
import { type FileCalls, OPEN } from '../../pkg/sys/file-calls.ts';
import { files } from '../../pkg/sys/files.ts';
import { MARK } from './hostile-values.ts';

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

/** Watches what is written; `allowed` are the folders that a configuration names. */
export function watchFiles(report: Report, allowed: () => readonly string[]): void {
  const real = files();
  const before: FileCalls = { ...real };
  const check = (path: string): void => {
    const whole = normalize(path);
    const named = allowed().some((folder) => whole === folder || `${whole}/`.startsWith(`${folder}/`));
    // A folder above one that is named is made as well.
    const above = allowed().some((folder) => folder.startsWith(`${whole}/`));
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
  const spawn = (argv: readonly string[], options: { argv0?: string; stdin?: unknown }) => {
    const words = [options.argv0 ?? argv[0] ?? '', ...argv.slice(1)];
    const name = (words[0] ?? '').slice((words[0] ?? '').lastIndexOf('/') + 1);
    if (!PROGRAMS.test(name)) report(`starts ${JSON.stringify(words)}`);
    for (const word of words) if (word.includes('\0')) report(`a NUL in ${JSON.stringify(words)}`);
    if (options.stdin instanceof Uint8Array) checkInput(name, words, new TextDecoder().decode(options.stdin), report);
    const input = (text: unknown): void => checkInput(name, words, String(text), report);
    return {
      exited: Promise.resolve(0),
      signalCode: null,
      stdin: { write: input, end: () => {} },
      stdout: emptyStream(),
      stderr: emptyStream(),
      kill: () => {},
    };
  };
  Object.assign(Reflect.get(globalThis, 'Bun') as object, { spawn });
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
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
