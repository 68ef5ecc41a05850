import { isObject } from '../../pkg/json/decode.ts';
import { sha512 } from '../../pkg/netfilter/sha512.ts';
import { fs, makeFolders, readTextFile, writeFileAtomically } from '../../pkg/sys/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { ASIDE } from './names.ts';

/** What an installation owes: what it put where, and what it put aside for that. */
export interface Ledger {
  /** Paths of files that it made or replaced. */
  readonly installed: readonly string[];
  /** For a path that was there before: where that file is kept. */
  readonly kept: Readonly<Record<string, string>>;
  /** Marks of what it made, to tell that from what others put there since; see {@link markOf}. */
  readonly marks: readonly string[];
}

const EMPTY: Ledger = { installed: [], kept: {}, marks: [] };

/** The folder of a destination that has the ledger and what is kept. */
export function asideOf(dest: string): string {
  return `${dest}/${ASIDE}`;
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
    return { installed, marks, kept: kept as Readonly<Record<string, string>> };
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

/** What tells a file from others: a configuration by its text, an executable by the inode that all its names share. */
export function markOf(path: string): string | undefined {
  // A link is never ours, wherever it leads.
  const status = fs().lstatSync(path, { throwIfNoEntry: false });
  if (status?.isFile() !== true) return undefined;
  const isConf = /\.conflist(\.cni-ts-new)?$/.test(path);
  return isConf ? sha512(readTextFile(path) ?? '').slice(0, 32) : `inode ${status.ino}`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
