import { folderName } from '../record/names.ts';
import { files, makeFolders, readTextFile, removeFile, writeFile } from '../sys/files/files.ts';
import type { LeaseOwner } from './lease.ts';
import type { FolderContent } from './lease-folder.ts';

/** What the index knows of one owner. */
export interface Hint {
  /** Addresses that the owner may have; the lease files decide. */
  readonly addresses: readonly string[];
  /** Absent when another program gave them. */
  readonly given?: Giving;
}

/** When addresses were given: a lease file with exactly this modification time was written in this boot. */
export interface Giving {
  readonly bootId: string;
  /** Milliseconds since the epoch. */
  readonly stamp: number;
}

/** First word of every file of the index; another one is of another version, or damaged. */
const FORMAT = 'cni-ts/1';

const STATE = '.state';

/**
 * Which addresses an owner has, without reading every lease. It lies beside the networks' folders, where the
 * reference does not look, and is only a hint: losing it costs one look through the leases, and nothing else.
 *
 * It is complete as long as nobody else changed the lease folder, which is seen from the folder's times: after each
 * change of our own the modification time is set to a moment in the past, which no change can give it again.
 */
export class LeaseIndex {
  readonly #folder: string;
  readonly #leases: string;
  readonly #bootId: string;
  #broken = false;

  constructor(folder: string, leases: string, bootId: string) {
    this.#folder = folder;
    this.#leases = leases;
    this.#bootId = bootId;
  }

  /** Whether it knows every lease of the folder. */
  isComplete(): boolean {
    try {
      // Nothing here is synced, so after a crash of the whole machine parts of it may be missing.
      return this.#bootId !== '' && readTextFile(`${this.#folder}/${STATE}`) === this.#fingerprint();
    } catch {
      return false;
    }
  }

  /** The hint about an owner; `undefined` when there is none, `damaged` when there is one that says nothing. */
  read(owner: LeaseOwner): Hint | 'damaged' | undefined {
    try {
      const text = readTextFile(this.#path(owner));
      return text === undefined ? undefined : decodeHint(text);
    } catch {
      return 'damaged';
    }
  }

  /** Notes what an owner has; to be done before a lease is written, so that no lease is ever unknown. */
  write(owner: LeaseOwner, hint: Hint): void {
    this.#attempt(() => {
      const text = encodeHint(hint);
      try {
        writeFile(this.#path(owner), text);
      } catch {
        makeFolders(this.#folder, 0o755);
        writeFile(this.#path(owner), text);
      }
    });
  }

  /** Forgets an owner; to be done after its leases are gone. */
  remove(owner: LeaseOwner): void {
    this.#attempt(() => removeFile(this.#path(owner)));
  }

  /** Learns the folder anew. What it knew of the boots stays where it still fits. */
  rebuild(content: FolderContent): void {
    this.#attempt(() => {
      makeFolders(this.#folder, 0o755);
      const owners = new Map<string, { owner: LeaseOwner; addresses: string[] }>();
      for (const { owner, address } of content.leases.values()) {
        const name = hintName(owner);
        const known = owners.get(name);
        if (known === undefined) owners.set(name, { owner, addresses: [address] });
        else known.addresses.push(address);
      }
      for (const { name } of files().list(this.#folder)) {
        if (!name.startsWith('.') && !owners.has(name)) removeFile(`${this.#folder}/${name}`);
      }
      for (const { owner, addresses } of owners.values()) {
        const known = this.read(owner);
        const fits =
          known !== undefined && known !== 'damaged' && addresses.every((one) => known.addresses.includes(one));
        if (!fits) this.write(owner, { addresses });
        else if (known.addresses.length > addresses.length) this.write(owner, { ...known, addresses });
      }
    });
  }

  /** To be called at the end of a verb that changed the lease folder, or rebuilt the index. */
  seal(content: { readonly hasFolders: boolean }): void {
    // Changes in folders below do not show, so with such folders the index is never complete.
    if (this.#broken || content.hasFolders) return;
    this.#attempt(() => {
      // Not just now: another program's change in the same tick of the clock would give the folder the same time.
      const marker = (Math.floor(Date.now() / 1000) - 2 + Math.random()) * 1000;
      files().setTimes(this.#leases, marker);
      writeFile(`${this.#folder}/${STATE}`, this.#fingerprint());
    });
  }

  #fingerprint(): string {
    const { dev, ino, mtimeNs, ctimeNs } = files().status(this.#leases);
    return `${FORMAT} ${this.#bootId} ${dev} ${ino} ${mtimeNs} ${ctimeNs}\n`;
  }

  #path(owner: LeaseOwner): string {
    return `${this.#folder}/${hintName(owner)}`;
  }

  /** An index that cannot be written is not sealed, and so not used by the next call. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch {
      this.#broken = true;
    }
  }
}

function hintName(owner: LeaseOwner): string {
  return folderName(`${owner.containerId}:${owner.ifName}`);
}

/** The content of a hint's file. */
export function encodeHint({ addresses, given }: Hint): string {
  const { bootId = '-', stamp = 0 } = given ?? {};
  return `${FORMAT} ${bootId} ${stamp} ${addresses.join(' ')}\n`;
}

/** Reads what {@link encodeHint} wrote. */
export function decodeHint(text: string): Hint | 'damaged' {
  // A shorter text that was being written over a longer one has the rest of that after its end.
  if (text.indexOf('\n') !== text.length - 1) return 'damaged';
  const [format, bootId = '-', stamp, ...addresses] = text.trimEnd().split(' ');
  if (format !== FORMAT || addresses.length === 0) return 'damaged';
  return bootId === '-' ? { addresses } : { addresses, given: { bootId, stamp: Number(stamp) } };
}
