// Does everything that `files.ts` and its calls can do in the folder that it is given, and prints what came of it.
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { causeErrno, thrownText } from '../../pkg/sys/errno.ts';
import { isFolder, isRegularFile, OPEN } from '../../pkg/sys/files/calls.ts';
import {
  files,
  makeFolders,
  overwriteFile,
  readExistingFile,
  readTextFile,
  removeFile,
  statusOf,
  writeFile,
  writeFileAtomically,
} from '../../pkg/sys/files/files.ts';
import { libc } from '../../pkg/sys/libc.ts';

/** What is printed. */
export interface Run {
  /** How the file system was reached. */
  readonly way: 'libc' | 'node';
  /** What is the same either way. */
  readonly outcomes: Readonly<Record<string, unknown>>;
}

const TEXT = 'Grüße, 世界 😀\r\n\u{feff}end';
/** Characters of several bytes across the ends of all pieces. */
const LONG_TEXT = `x${'ä€😀'.repeat(40_000)}`;

/** All outcomes; the folder has to be empty. */
function outcomes(folder: string): Run['outcomes'] {
  const at = (name: string) => `${folder}/${name}`;
  const found: Record<string, unknown> = {};
  const attempt = (what: string, work: () => unknown): void => {
    try {
      found[what] = work() ?? 'done';
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message.replaceAll(folder, '…') : '';
      // The calls' own messages differ; what is made of them does not.
      found[what] = { errno: causeErrno(thrown), text: thrownText(thrown).replaceAll(folder, '…') };
      if (thrown instanceof Error && thrown.name === 'CniError') found[`${what}, in words`] = message;
    }
  };
  const modeOf = (name: string) => (statusOf(at(name))?.mode ?? 0).toString(8);
  process.umask(0o027);
  mkdirSync(at('full/inside'), { recursive: true });
  writeFileSync(at('file'), TEXT);
  writeFileSync(at('stays'), '');
  writeFileSync(at('umlaut-ä-世'), 'named');
  symlinkSync('full', at('link'));
  symlinkSync('nowhere', at('dangling'));

  const paths = {
    'a file': at('file'),
    'a name that is not ASCII': at('umlaut-ä-世'),
    'a folder': at('full'),
    'a link to a folder': at('link'),
    'a link to nothing': at('dangling'),
    nothing: at('nothing'),
    'a file in nothing': at('nothing/file'),
    'a file below a file': at('stays/below'),
    'a name that is too long': at('n'.repeat(256)),
    'a path that is too long': at('n/'.repeat(2100)),
    'a NUL': at('file\0'),
    'no path': '',
    'a file of the kernel': '/proc/cpuinfo',
    'a read-only setting': '/proc/sys/kernel/osrelease',
    'a folder of the kernel': '/proc/self',
  };
  for (const [name, path] of Object.entries(paths)) {
    attempt(`reading ${name}`, () => readTextFile(path));
    attempt(`reading ${name} that has to be there`, () => readExistingFile(path));
    attempt(`status of ${name}`, () => {
      const status = statusOf(path);
      if (status === undefined) return undefined;
      const kinds = [isFolder(status), isRegularFile(status)];
      const { ino, mtimeMs } = statSync(path);
      return [
        ...kinds,
        status.mode,
        Number(status.ino) === ino,
        path.startsWith('/proc') || isSameTime(status.mtimeNs, mtimeMs),
      ];
    });
    attempt(`list of ${name}`, () => (path.startsWith('/proc/') ? [] : files().list(path).sort(byName)));
    attempt(`target of ${name}`, () => (path === '/proc/self' ? '' : files().readLink(path)));
    attempt(`file system of ${name}`, () => files().fileSystem(path));
    attempt(`exclusive opening of ${name}`, () => {
      files().close(files().open(path, OPEN.write | OPEN.create | OPEN.exclusive, 0o666));
      const mode = statusOf(path)?.mode;
      removeFile(path);
      return mode;
    });
  }
  for (const [name, path] of Object.entries(paths)) {
    attempt(`overwriting ${name}`, () => overwriteFile(path, 'over'));
    if (path.startsWith('/proc')) continue;
    attempt(`writing ${name} in place`, () => writeFile(path, 'in place, and longer', 0o666));
    attempt(`writing ${name} shorter`, () => writeFile(path, 'short'));
    attempt(`mode and text of ${name}`, () => [statusOf(path)?.mode, readTextFile(path)]);
    attempt(`writing ${name} atomically`, () => writeFileAtomically(path, TEXT, { mode: 0o646, sync: true }));
    attempt(`what was written to ${name}`, () => [statusOf(path)?.mode, readFileSync(path, 'utf8')]);
    attempt(`times of ${name}`, () => {
      files().setTimes(path, 1_700_000_000_123);
      const { mtimeNs } = files().status(path);
      // `node:fs` takes seconds, in a number that is not exact to the nanosecond.
      return Math.abs(Number(mtimeNs - 1_700_000_000_123_000_000n)) < 2000;
    });
    attempt(`making ${name}`, () => files().makeFolder(path, 0o777));
    attempt(`making all of ${name}`, () => makeFolders(path, 0o777));
    attempt(`renaming ${name}`, () => {
      files().rename(path, at('renamed'));
      files().rename(at('renamed'), path);
    });
    attempt(`renaming ${name} over a folder`, () => files().rename(path, at('full')));
    attempt(`removing the folder ${name}`, () => files().removeFolder(path));
    attempt(`removing ${name}`, () => removeFile(path));
    attempt(`removing ${name} that has to be there`, () => files().removeFile(path));
  }
  attempt('a long text', () => {
    writeFile(at('long'), LONG_TEXT);
    return readExistingFile(at('long')) === LONG_TEXT && readFileSync(at('long'), 'utf8') === LONG_TEXT;
  });
  attempt('no text', () => {
    writeFile(at('long'), '');
    overwriteFile(at('long'), '');
    return [readTextFile(at('long')), modeOf('long')];
  });
  attempt('bytes that are no text', () => {
    writeFileSync(at('bytes'), Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xc3]));
    return readTextFile(at('bytes'));
  });
  attempt('half of a character', () => {
    writeFile(at('bytes'), 'a\ud83d');
    return readTextFile(at('bytes'));
  });
  attempt('folders in folders', () => {
    makeFolders(at('a/b/c'), 0o777);
    makeFolders(at('a/b/c'), 0o777);
    return ['a', 'a/b', 'a/b/c'].map(modeOf);
  });
  attempt('a folder that is not empty', () => files().removeFolder(at('a')));
  attempt('many names', () => {
    for (let index = 0; index < 2000; index += 1) writeFile(at(`a/b/${'é'.repeat(index % 100)}${index}`), '');
    return files().list(at('a/b')).sort(byName);
  });
  attempt('a large file of the kernel', () => readExistingFile('/proc/kallsyms').length > 70_000);
  attempt('a descriptor', () => {
    const fd = files().open(at('bytes'));
    const [byFd, byPath] = [files().statusOf(fd), files().status(at('bytes'))];
    const isCloseOnExec = /^flags:\s+02/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    files().syncData(fd);
    files().close(fd);
    return [byFd.ino === byPath.ino, byFd.ctimeNs === byPath.ctimeNs, isCloseOnExec];
  });
  for (const call of ['statusOf', 'sync', 'syncData', 'close'] as const) {
    attempt(`${call} of no descriptor`, () => files()[call](9999));
  }
  attempt('read of no descriptor', () => files().read(9999, new Uint8Array(1)));
  attempt('write of no descriptor', () => files().write(9999, new Uint8Array(1)));
  attempt('truncate of no descriptor', () => files().truncate(9999, 0));
  attempt('changeMode of no descriptor', () => files().changeMode(9999, 0));
  attempt('a full disk', () => files().write(files().open('/dev/full', OPEN.write), new Uint8Array(1)));
  attempt('what is left', () => files().list(folder).sort(byName));
  return found;
}

/** `node:fs` has milliseconds, in a number that is not exact to the nanosecond. */
function isSameTime(nanoseconds: bigint, milliseconds: number): boolean {
  return Math.abs(Number(nanoseconds) / 1e6 - milliseconds) < 0.01;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

const way = libc() === undefined ? 'node' : 'libc';
process.stdout.write(JSON.stringify({ way, outcomes: outcomes(process.argv[2] ?? '') } satisfies Run));
