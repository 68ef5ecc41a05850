import { isObject } from '../../pkg/json/decode.ts';
import { sha512 } from '../../pkg/netfilter/sha512.ts';
import { fs, makeFolders, readTextFile, writeFileAtomically } from '../../pkg/sys/files/files.ts';
import { isOfSuite } from '../../pkg/sys/process/same-build.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { ASIDE } from './names.ts';

/**
 * What an installation owes: what it put where, and what it put aside for that. The folder may have another path for
 * each that looks at it (a DaemonSet's pod has it below /host), so a plugin is a name in it; only a configuration,
 * which is in another folder, is a whole path.
 */
export interface Ledger {
  /** What it made or replaced. */
  readonly installed: readonly string[];
  /** For what was there before: the name that it is kept under. */
  readonly kept: Readonly<Record<string, string>>;
  /** Marks of the configurations that it made, to tell them from what others put there since; see {@link isOurs}. */
  readonly marks: readonly string[];
}

const EMPTY: Ledger = { installed: [], kept: {}, marks: [] };

/** The folder of a destination that has the ledger and what is kept. */
export function asideOf(dest: string): string {
  return `${dest}/${ASIDE}`;
}

/** Where a file of a destination is kept. */
export function keptPath(dest: string, name: string): string {
  return `${asideOf(dest)}/before/${name}`;
}

/** Reads the ledger of a destination; an empty one when nothing was installed there. */
export function readLedger(dest: string): Ledger {
  const path = `${asideOf(dest)}/installed.json`;
  const text = readTextFile(path);
  if (text === undefined) return EMPTY;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { installed, kept, marks } = isObject(value) ? value : {};
  if (isTexts(installed) && isTexts(marks) && isObject(kept) && isTexts(Object.values(kept))) {
    const entries = Object.entries(kept as Readonly<Record<string, string>>);
    return {
      installed: installed.map(keyOf),
      marks,
      kept: Object.fromEntries(entries.map(([key, name]) => [keyOf(key), nameOf(name)])),
    };
  }
  const advice = 'it says what was there before; put it right, or move it away to install as if for the first time';
  throw new CniError(ErrorCode.io, `${path} is damaged`, advice);
}

/** Writes the ledger, to the disk, before what it says is done. */
export function writeLedger(dest: string, ledger: Ledger): void {
  makeFolders(asideOf(dest), 0o755);
  writeFileAtomically(`${asideOf(dest)}/installed.json`, `${JSON.stringify(ledger, null, 2)}\n`, {
    mode: 0o644,
    sync: true,
  });
}

/** Whether a file is what an installation made: an executable of this suite, or a configuration that nobody edited since. */
export function isOurs(path: string, { marks }: Pick<Ledger, 'marks'>): boolean {
  // A link is never ours, wherever it leads.
  const status = fs().lstatSync(path, { throwIfNoEntry: false });
  if (status?.isFile() !== true) return false;
  if (isConf(path)) return marks.includes(markOfConf(readTextFile(path) ?? ''));
  // Executables of the first releases say nothing about themselves: their inodes were noted.
  return isOfSuite(path) || marks.includes(`inode ${status.ino}`);
}

/** What a configuration is known by. */
export function markOfConf(text: string): string {
  return sha512(text).slice(0, 32);
}

/** Whether an entry is a configuration. */
export function isConf(key: string): boolean {
  return key.endsWith('.conflist');
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The first releases noted whole paths of plugins, as the one who installed them saw them. */
function keyOf(path: string): string {
  return isConf(path) ? path : nameOf(path);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
