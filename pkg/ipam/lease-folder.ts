import { type Address, canonicalAddress, formatAddress, parseAddress } from '../addr/address.ts';
import { causeErrno } from '../sys/errno.ts';
import { type FolderEntry, OPEN } from '../sys/files/calls.ts';
import { fileError, files, readTextFile, removeFile, writeFile, writeText } from '../sys/files/files.ts';
import { decodeOwner, encodeOwner, type LeaseOwner } from './lease.ts';

/** What the file of an address says: nobody has it, somebody has it, or it is damaged and so nobody has it. */
export type Slot =
  | { readonly state: 'free' }
  | { readonly state: 'damaged' }
  | { readonly state: 'foreign' }
  | { readonly state: 'leased'; readonly owner: LeaseOwner };

/** A lease that was found in the folder. */
export interface Lease {
  readonly address: string;
  readonly owner: LeaseOwner;
  /** The file, which may lie in a folder below. */
  readonly path: string;
}

/** Everything that lies in the folder. */
export interface FolderContent {
  /** By path. */
  readonly leases: Map<string, Lease>;
  /** Paths of addresses' files that name nobody. */
  readonly damaged: Set<string>;
  /** Whether there are folders below, whose changes the folder's own times do not show. */
  readonly hasFolders: boolean;
}

/** One file at a time is written, under the lock, so one name serves all; it cannot be read as an address. */
const TEMPORARY = '.cni-ts.tmp';

/**
 * The lease files of one network, as the reference plugin keeps them: one per address, named after it, with the
 * owner in it. All of it is to be called under the folder's lock.
 */
export class LeaseFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What the file of an address says. */
  slot(address: string): Slot {
    const text = this.#read(`${this.path}/${address}`);
    if (text === undefined) return { state: 'free' };
    // Whatever it is, no address may be given over it.
    if (text === null) return { state: 'foreign' };
    const owner = decodeOwner(text);
    return owner === undefined ? { state: 'damaged' } : { state: 'leased', owner };
  }

  /**
   * Leases an address: whole and on disk, or not at all. Whatever file had the name is replaced.
   *
   * @param stamp the file's modification time, in milliseconds since the epoch
   */
  write(address: string, owner: LeaseOwner, stamp: number): void {
    const temporary = `${this.path}/${TEMPORARY}`;
    let operation = 'open';
    try {
      const flags = OPEN.write | OPEN.create | OPEN.truncate | OPEN.noFollow | OPEN.nonBlocking;
      const fd = files().open(temporary, flags, 0o600);
      try {
        operation = 'write';
        writeText(fd, encodeOwner(owner));
        files().setTimes(temporary, stamp);
        // Without this a power loss could leave an empty file, which the reference takes for a lease for ever.
        files().syncData(fd);
      } finally {
        files().close(fd);
      }
      operation = 'rename';
      files().rename(temporary, `${this.path}/${address}`);
    } catch (thrown) {
      this.removeTemporary();
      throw fileError(operation, `${this.path}/${address}`, thrown);
    }
  }

  /** Removes a file of the folder; one that is gone already is as good. */
  remove(path: string): void {
    try {
      removeFile(path);
    } catch (thrown) {
      throw fileError('remove', path, thrown);
    }
  }

  /** Removes what a writer that was killed may have left. */
  removeTemporary(): void {
    removeFile(`${this.path}/${TEMPORARY}`);
  }

  /** The address that a range set gave last; `undefined` when nothing readable says so. */
  lastReserved(set: number): Address | undefined {
    return parseAddress(this.#read(`${this.path}/last_reserved_ip.${set}`) ?? '');
  }

  /** Notes the address that a range set gave last. In place and unsynced: only the order of addresses depends on it. */
  writeLastReserved(set: number, address: Address): void {
    const path = `${this.path}/last_reserved_ip.${set}`;
    try {
      writeFile(path, formatAddress(address));
    } catch (thrown) {
      throw fileError('write', path, thrown);
    }
  }

  /** Names of all addresses that have a file. */
  names(): Set<string> {
    return new Set(list(this.path).map(({ name }) => name));
  }

  /** Reads every lease, in folders below too, as the reference does. */
  scan(): FolderContent {
    const leases = new Map<string, Lease>();
    const damaged = new Set<string>();
    let hasFolders = false;
    const visit = (folder: string): void => {
      for (const entry of list(folder)) {
        const path = `${folder}/${entry.name}`;
        if (entry.isFolder) {
          hasFolders = true;
          visit(path);
        } else if (canonicalAddress(entry.name) !== undefined) {
          const text = this.#read(path);
          const owner = decodeOwner(text ?? '');
          if (owner !== undefined) leases.set(path, { address: entry.name, owner, path });
          else if (text !== undefined && text !== null) damaged.add(path);
        }
      }
    };
    visit(this.path);
    return { leases, damaged, hasFolders };
  }

  /** A file's text; `undefined` when there is none, `null` when it is no file. */
  #read(path: string): string | undefined | null {
    try {
      return readTextFile(path);
    } catch (thrown) {
      if (causeErrno(thrown) === 'EISDIR') return null;
      throw thrown;
    }
  }
}

function list(folder: string): readonly FolderEntry[] {
  try {
    return files().list(folder);
  } catch (thrown) {
    throw fileError('open', folder, thrown);
  }
}
