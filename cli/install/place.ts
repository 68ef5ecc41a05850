import { fs, readTextFile } from '../../pkg/sys/files/files.ts';
import {
  asideOf,
  isConf,
  isOurs,
  keptPath,
  type Ledger,
  markOfConf,
  nameOf,
  readLedger,
  writeLedger,
} from './ledger.ts';

/** What became of one path. */
export interface Placed {
  readonly path: string;
  readonly what: 'installed' | 'replaced' | 'unchanged' | 'restored' | 'removed' | 'left' | 'missing';
  /** Where the file that was there is kept. */
  readonly kept?: string;
}

/** One file for its place. */
export interface Piece {
  /** Its entry in the ledger: a plugin's name, or the whole path of a configuration. */
  readonly key: string;
  /** Whether it is in its place already. */
  isThere(path: string): boolean;
  /** Makes it, ready under a name that nobody uses in the file system of its place; gives that name. */
  make(): string;
  /** What it will be known by, see {@link Ledger.marks}. */
  readonly mark?: string;
}

/**
 * Puts files into their places one by one, each at once or not at all: made elsewhere and renamed over it, so a
 * program that runs goes on with the old one. What is replaced is kept first, and the ledger says so before it happens,
 * so that whoever is killed in between can begin again or take back.
 */
export class Placing {
  readonly #dest: string;
  readonly #confDest: string;
  #ledger: Ledger;

  /** @param confDest where configurations are whose folder was seen under a path that there is not here */
  constructor(dest: string, confDest: string) {
    this.#dest = dest;
    this.#confDest = confDest;
    this.#ledger = readLedger(dest);
  }

  /** Puts one file into its place, unless it is there. */
  place(piece: Piece): Placed {
    const { key, mark } = piece;
    const path = this.#pathOf(key);
    const { installed, marks } = this.#ledger;
    if (piece.isThere(path)) return { path, what: 'unchanged' };
    const made = piece.make();
    const isThere = isPresent(path);
    const kept = isThere && !isOurs(path, this.#ledger) ? this.#keep(key, path) : this.#ledger.kept[key];
    this.#note({
      installed: installed.includes(key) ? installed : [...installed, key],
      marks: mark === undefined || marks.includes(mark) ? marks : [...marks, mark],
      kept: kept === undefined ? this.#ledger.kept : { ...this.#ledger.kept, [key]: kept },
    });
    fs().renameSync(made, path);
    if (!isThere) return { path, what: 'installed' };
    return { path, what: 'replaced', ...(kept === undefined ? {} : { kept: keptPath(this.#dest, kept) }) };
  }

  /** Forgets the marks of older versions, of which nothing is there any more. */
  finish(): void {
    const present = this.#ledger.installed.filter(isConf).map((key) => readTextFile(this.#pathOf(key)) ?? '');
    const marks = this.#ledger.marks.filter((mark) => present.some((text) => markOfConf(text) === mark));
    if (marks.length < this.#ledger.marks.length) this.#note({ ...this.#ledger, marks });
  }

  /**
   * Takes everything back: what was there before is there again, the rest is gone. What is in a folder that is not
   * here stays noted and kept.
   */
  takeBack(): readonly Placed[] {
    const placed: Placed[] = [];
    for (const key of this.#ledger.installed) {
      const one = this.#takeBackOne(key);
      placed.push(one);
      if (one.what === 'missing') continue;
      const { [key]: _, ...kept } = this.#ledger.kept;
      this.#note({ ...this.#ledger, installed: this.#ledger.installed.filter((other) => other !== key), kept });
    }
    if (this.#ledger.installed.length === 0 && !this.#hasMoreKept()) {
      fs().rmSync(asideOf(this.#dest), { recursive: true, force: true });
    }
    return placed;
  }

  #takeBackOne(key: string): Placed {
    const path = this.#pathOf(key);
    const name = this.#ledger.kept[key];
    const kept = keptPath(this.#dest, name ?? '');
    const isKept = this.#isKept(key);
    if (!isPresent(path) && !isPresent(folderOf(isConf(key) ? key : path))) {
      return { path: key, what: 'missing', ...(isKept ? { kept } : {}) };
    }
    if (isPresent(path) && !isOurs(path, this.#ledger)) {
      // It was never replaced, or somebody has put another file there since; what was before that is not thrown away.
      if (!isKept) return { path, what: 'left' };
      if (isSameFile(path, kept)) {
        fs().rmSync(kept);
        return { path, what: 'left' };
      }
      const beside = `${path}.before-cni-ts`;
      move(kept, beside);
      return { path, what: 'left', kept: beside };
    }
    if (isKept) {
      move(kept, path);
      return { path, what: 'restored' };
    }
    fs().rmSync(path, { force: true });
    return { path, what: 'removed' };
  }

  /** Where a file is for who looks from here. */
  #pathOf(key: string): string {
    if (!isConf(key)) return `${this.#dest}/${key}`;
    return isPresent(folderOf(key)) ? key : `${this.#confDest}/${nameOf(key)}`;
  }

  #isKept(key: string): boolean {
    const name = this.#ledger.kept[key];
    return name !== undefined && isPresent(keptPath(this.#dest, name));
  }

  /** One that was killed between keeping and noting has left a second name of a file that is in its place. */
  #hasMoreKept(): boolean {
    const folder = keptPath(this.#dest, '');
    const names = isPresent(folder) ? fs().readdirSync(folder) : [];
    return names.some((name) => {
      const path = `${this.#dest}/${name}`;
      return !isPresent(path) || !isSameFile(path, `${folder}${name}`);
    });
  }

  /** A second name for the file, so that it is never gone; a link is copied as one. */
  #keep(key: string, path: string): string {
    const name = this.#ledger.kept[key] ?? this.#freeName(nameOf(key));
    const kept = keptPath(this.#dest, name);
    const made = `${asideOf(this.#dest)}/keep`;
    fs().mkdirSync(folderOf(kept), { recursive: true });
    fs().rmSync(made, { force: true });
    try {
      if (fs().lstatSync(path).isSymbolicLink()) fs().symlinkSync(fs().readlinkSync(path), made);
      else fs().linkSync(path, made);
    } catch (thrown) {
      if (!isAcrossDevices(thrown)) throw thrown;
      fs().cpSync(path, made, { preserveTimestamps: true });
    }
    fs().renameSync(made, kept);
    // A rename of two names of one file does nothing: it was kept by an installation that was killed right after.
    fs().rmSync(made, { force: true });
    return name;
  }

  /** Two folders may have had a configuration of one name. */
  #freeName(name: string): string {
    const taken = Object.values(this.#ledger.kept);
    let free = name;
    for (let count = 2; taken.includes(free); count++) free = `${name}.${count}`;
    return free;
  }

  #note(ledger: Ledger): void {
    writeLedger(this.#dest, ledger);
    this.#ledger = ledger;
  }
}

/** Renames, or copies and removes where the two are on different file systems. */
function move(from: string, to: string): void {
  try {
    fs().renameSync(from, to);
  } catch (thrown) {
    if (!isAcrossDevices(thrown)) throw thrown;
    const temporary = `${to}.cni-ts-new`;
    fs().cpSync(from, temporary, { preserveTimestamps: true });
    fs().renameSync(temporary, to);
    fs().rmSync(from);
  }
}

function isAcrossDevices(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'EXDEV';
}

function isPresent(path: string): boolean {
  return fs().lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Of links, which are copied, whether they say the same: from another folder it leads elsewhere. */
function isSameFile(a: string, b: string): boolean {
  const [one, other] = [fs().lstatSync(a), fs().lstatSync(b)];
  if (one.isSymbolicLink() && other.isSymbolicLink()) return fs().readlinkSync(a) === fs().readlinkSync(b);
  return one.ino === other.ino && one.dev === other.dev;
}
