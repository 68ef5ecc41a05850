import { fs } from '../../pkg/sys/files.ts';
import { asideOf, type Ledger, markOf, readLedger, writeLedger } from './ledger.ts';

/** What became of one path. */
export interface Placed {
  readonly path: string;
  readonly what: 'installed' | 'replaced' | 'unchanged' | 'restored' | 'removed' | 'left';
  /** Where the file that was there is kept. */
  readonly kept?: string;
}

/**
 * Puts files into their places one by one, each at once or not at all: made elsewhere and renamed over it, so a
 * program that runs goes on with the old one. What is replaced is kept first, and the ledger says so before it happens,
 * so that whoever is killed in between can begin again or take back.
 */
export class Placing {
  readonly #dest: string;
  #ledger: Ledger;

  constructor(dest: string) {
    this.#dest = dest;
    this.#ledger = readLedger(dest);
  }

  /**
   * Puts one file into its place, unless the same is there.
   *
   * @param made the file, ready under a name that nobody uses; it may have other names too
   */
  place(path: string, made: string): Placed {
    const mark = markOf(made) ?? '';
    const present = markOf(path);
    if (present === mark) return { path, what: 'unchanged' };
    const { installed, marks } = this.#ledger;
    const isThere = isPresent(path);
    const kept = isThere && !this.#isOurs(path) ? this.#keep(path) : this.#ledger.kept[path];
    this.#note({
      installed: installed.includes(path) ? installed : [...installed, path],
      marks: marks.includes(mark) ? marks : [...marks, mark],
      kept: kept === undefined ? this.#ledger.kept : { ...this.#ledger.kept, [path]: kept },
    });
    fs().renameSync(made, path);
    if (!isThere) return { path, what: 'installed' };
    return { path, what: 'replaced', ...(kept === undefined ? {} : { kept }) };
  }

  /** Forgets the marks of older versions, of which nothing is there any more. */
  finish(): void {
    const present = this.#ledger.installed.map(markOf);
    const marks = this.#ledger.marks.filter((mark) => present.includes(mark));
    if (marks.length < this.#ledger.marks.length) this.#note({ ...this.#ledger, marks });
  }

  /** Takes everything back: what was there before is there again, the rest is gone. */
  takeBack(): readonly Placed[] {
    const placed: Placed[] = [];
    for (const path of this.#ledger.installed) {
      placed.push(this.#takeBackOne(path));
      const { [path]: _, ...kept } = this.#ledger.kept;
      this.#note({ ...this.#ledger, installed: this.#ledger.installed.filter((other) => other !== path), kept });
    }
    fs().rmSync(asideOf(this.#dest), { recursive: true, force: true });
    return placed;
  }

  #isOurs(path: string): boolean {
    const mark = markOf(path);
    return this.#ledger.installed.includes(path) && mark !== undefined && this.#ledger.marks.includes(mark);
  }

  #takeBackOne(path: string): Placed {
    const kept = this.#ledger.kept[path];
    const isKept = kept !== undefined && isPresent(kept);
    if (isPresent(path) && !this.#isOurs(path)) {
      // It was never replaced, or somebody has put another file there since; what was before that is not thrown away.
      if (!isKept || isSameFile(path, kept)) return { path, what: 'left' };
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

  /** A second name for the file, so that it is never gone; a link is copied as one. */
  #keep(path: string): string {
    const kept = `${asideOf(this.#dest)}/before/${path.slice(path.lastIndexOf('/') + 1)}`;
    fs().mkdirSync(`${asideOf(this.#dest)}/before`, { recursive: true });
    // Kept by an installation that was killed right after: the file is still in its place.
    fs().rmSync(kept, { force: true });
    try {
      if (fs().lstatSync(path).isSymbolicLink()) fs().symlinkSync(fs().readlinkSync(path), kept);
      else fs().linkSync(path, kept);
    } catch (thrown) {
      if (!isAcrossDevices(thrown)) throw thrown;
      fs().cpSync(path, kept, { preserveTimestamps: true });
    }
    return kept;
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

/** Of links, which are copied, whether they say the same: from another folder it leads elsewhere. */
function isSameFile(a: string, b: string): boolean {
  const [one, other] = [fs().lstatSync(a), fs().lstatSync(b)];
  if (one.isSymbolicLink() && other.isSymbolicLink()) return fs().readlinkSync(a) === fs().readlinkSync(b);
  return one.ino === other.ino && one.dev === other.dev;
}
