import { parseConfList } from '../../pkg/runtime/conf-list.ts';
import { lockFolder } from '../../pkg/sys/file-lock.ts';
import { fs, readTextFile, statusOf, writeFileAtomically } from '../../pkg/sys/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { asideOf, readLedger } from './ledger.ts';
import { INSTALLED_NAMES } from './names.ts';
import { type Placed, Placing } from './place.ts';

/** What is installed, and where. */
export interface Installation {
  /** The executable. */
  readonly source: string;
  /** The folder of the plugins. */
  readonly dest: string;
  /** The folder of the networks' configurations. */
  readonly confDest: string;
  /** Files to put there. */
  readonly confs: readonly string[];
}

/** Another installation of the same takes seconds. */
const PATIENCE_MS = 60_000;

/** Installs all names as links to one file, and the configurations; all others in the folders stay as they are. */
export async function install({ source, dest, confDest, confs }: Installation): Promise<readonly Placed[]> {
  const texts = await Promise.all(confs.map(readConf));
  const lock = await lockFolder(asideOf(dest), 0o755, PATIENCE_MS, `the plugins in ${dest}`);
  try {
    const placing = new Placing(dest);
    const anchor = makeAnchor(source, dest);
    const placed = INSTALLED_NAMES.map((name) => {
      const made = `${asideOf(dest)}/new`;
      fs().rmSync(made, { force: true });
      fs().linkSync(anchor, made);
      return placing.place(`${dest}/${name}`, made);
    });
    if (confs.length > 0) fs().mkdirSync(confDest, { recursive: true });
    for (const [index, file] of confs.entries()) {
      const name = file.slice(file.lastIndexOf('/') + 1);
      // In the same file system, under an ending that no runtime reads.
      const made = `${confDest}/${name}.cni-ts-new`;
      writeFileAtomically(made, texts[index] ?? '', { mode: 0o644, sync: true });
      placed.push(placing.place(`${confDest}/${name}`, made));
      fs().rmSync(made, { force: true });
    }
    placing.finish();
    for (const rest of [anchor, `${asideOf(dest)}/new`]) fs().rmSync(rest, { force: true });
    return placed;
  } finally {
    lock.release();
  }
}

/** Takes an installation back: what it replaced is there again. */
export async function uninstall(dest: string): Promise<readonly Placed[]> {
  if (readLedger(dest).installed.length === 0) return [];
  const lock = await lockFolder(asideOf(dest), 0o755, PATIENCE_MS, `the plugins in ${dest}`);
  try {
    return new Placing(dest).takeBack();
  } finally {
    lock.release();
  }
}

async function readConf(file: string): Promise<string> {
  const text = readTextFile(file);
  if (text === undefined) throw new CniError(ErrorCode.io, `there is no file ${file}`, 'name a .conflist after --conf');
  if (!file.endsWith('.conflist')) {
    throw new CniError(ErrorCode.invalidConfig, `${file} is no .conflist`, 'runtimes read files of that ending');
  }
  await parseConfList(text);
  return text;
}

/**
 * The executable in the destination's file system, under a name of its own: the one that is there already when it has
 * the same bytes, else a copy, on the disk before any name leads to it.
 */
function makeAnchor(source: string, dest: string): string {
  const anchor = `${asideOf(dest)}/executable`;
  const temporary = `${anchor}.part`;
  fs().rmSync(anchor, { force: true });
  fs().rmSync(temporary, { force: true });
  const present = INSTALLED_NAMES.map((name) => `${dest}/${name}`).find((path) => hasSameBytes(source, path));
  if (present !== undefined) {
    fs().linkSync(present, anchor);
    return anchor;
  }
  fs().writeFileSync(temporary, fs().readFileSync(source));
  const fd = fs().openSync(temporary, 'r+');
  fs().fchmodSync(fd, 0o755);
  fs().fsyncSync(fd);
  fs().closeSync(fd);
  fs().renameSync(temporary, anchor);
  return anchor;
}

function hasSameBytes(a: string, b: string): boolean {
  const [one, other] = [statusOf(a), statusOf(b)];
  if (one === undefined || other === undefined) return false;
  if (one.ino === other.ino && one.dev === other.dev) return true;
  const size = fs().statSync(a).size;
  return fs().statSync(b).size === size && fs().readFileSync(a).equals(fs().readFileSync(b));
}
