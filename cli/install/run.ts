import { parseConfList } from '../../pkg/libcni/conf-list.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import { isAlive, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { fs, readTextFile, writeFileAtomically } from '../../pkg/sys/files/files.ts';
import { lockFolder } from '../../pkg/sys/files/lock.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { isWhole, writeExecutable } from './executable.ts';
import { asideOf, isOurs, markOfConf, nameOf, readLedger } from './ledger.ts';
import { INSTALLED_NAMES } from './names.ts';
import { type Piece, type Placed, Placing } from './place.ts';

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

/** So many containers are named, and the rest counted. */
const NAMED_CONTAINERS = 5;

/** Installs a file for each name, and the configurations; all others in the folders stay as they are. */
export async function install({ source, dest, confDest, confs }: Installation): Promise<readonly Placed[]> {
  const texts = await Promise.all(confs.map(readConf));
  const lock = await lockFolder(asideOf(dest), 0o755, PATIENCE_MS, `the plugins in ${dest}`);
  try {
    const placing = new Placing(dest, confDest);
    if (confs.length > 0) fs().mkdirSync(confDest, { recursive: true });
    const placed = [...executables(source, dest), ...configurations(confs, texts, confDest)].map((piece) =>
      placing.place(piece),
    );
    placing.finish();
    return placed;
  } finally {
    fs().rmSync(`${asideOf(dest)}/new`, { force: true });
    lock.release();
  }
}

/** Takes an installation back: what it replaced is there again. */
export async function uninstall(
  { dest, confDest }: Pick<Installation, 'dest' | 'confDest'>,
  environment: Environment,
  isForced: boolean,
): Promise<readonly Placed[]> {
  if (readLedger(dest).installed.length === 0) return [];
  if (!isForced) refuseWhileUsed(environment);
  const lock = await lockFolder(asideOf(dest), 0o755, PATIENCE_MS, `the plugins in ${dest}`);
  try {
    return new Placing(dest, confDest).takeBack();
  } finally {
    lock.release();
  }
}

function executables(source: string, dest: string): readonly Piece[] {
  const made = `${asideOf(dest)}/new`;
  const bytes = fs().readFileSync(source);
  const [first = ''] = INSTALLED_NAMES;
  return INSTALLED_NAMES.map((key) => ({
    key,
    isThere: (path) => isWhole(path, bytes),
    make() {
      // The source may be in another file system; the first is in its place when the others are made.
      writeExecutable(made, bytes, key === first ? source : `${dest}/${first}`);
      return made;
    },
  }));
}

function configurations(files: readonly string[], texts: readonly string[], confDest: string): readonly Piece[] {
  return files.map((file, index) => {
    const key = `${confDest}/${nameOf(file)}`;
    const text = texts[index] ?? '';
    return {
      key,
      mark: markOfConf(text),
      isThere: (path) => isOurs(path, { marks: [markOfConf(text)] }),
      make() {
        // In the same file system, under an ending that no runtime reads.
        const made = `${key}.cni-ts-new`;
        writeFileAtomically(made, text, { mode: 0o644, sync: true });
        return made;
      },
    };
  });
}

/** The records are those of this node: whoever installs from a pod does not see them, and is not asked to uninstall. */
function refuseWhileUsed(environment: Environment): void {
  const isInUse = namespaceCensus();
  const { records } = recordsOf(environment).readAll();
  const alive = records.filter((record) => isAlive(record, isInUse) !== 'dead');
  const users = [...new Set(alive.map(({ containerId, pod }) => (pod ? `${pod.namespace}/${pod.name}` : containerId)))];
  if (users.length === 0) return;
  const named = users.slice(0, NAMED_CONTAINERS).join(', ');
  const more = users.length > NAMED_CONTAINERS ? ` and ${users.length - NAMED_CONTAINERS} more` : '';
  throw new CniError(
    ErrorCode.tryAgain,
    `${users.length} ${users.length === 1 ? 'container has' : 'containers have'} a network of these plugins: ${named}${more}`,
    'delete them first (kubectl drain, podman rm), since without plugins and list nobody can take their networks down; or --force',
  );
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
