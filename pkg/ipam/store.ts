import { NetnsError } from '../netns/error.ts';
import { openNetns } from '../netns/open.ts';
import { namespaceCensus } from '../record/census.ts';
import type { RecordKey } from '../record/record.ts';
import { RecordStore } from '../record/store.ts';
import { thrownErrno } from '../sys/errno.ts';
import { fileError, makeFolders, statusOf } from '../sys/files/files.ts';
import { lockFile } from '../sys/files/lock.ts';
import { isSameInterface } from '../types/attachment.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { type Boot, currentBoot } from './boot.ts';
import type { LeaseOwner } from './lease.ts';
import { type FolderContent, type Lease, LeaseFolder } from './lease-folder.ts';
import { LeaseIndex } from './lease-index.ts';
import { judge, type Verdict } from './liveness.ts';
import { StickyMemory } from './sticky.ts';

/** What is noted about an attachment when it gets addresses: the proof, later, that nobody can be using them. */
export interface AttachmentFacts {
  /** Path of the container's network namespace. */
  readonly netns: string;
  /** CNI_ARGS. */
  readonly args: string;
}

/** Which leases, and what is needed to judge them. */
export interface StoreOptions {
  /** Folder with one folder for each network. */
  readonly dataDir: string;
  readonly network: string;
  /** Folder of the attachments' records; without it the one of this machine. */
  readonly recordFolder?: string | undefined;
  /** The attachment that the call is about; without it nothing is noted. */
  readonly attachment?: AttachmentFacts | undefined;
  /** By default the boot that this process runs in. */
  readonly boot?: Boot;
  /** How long to wait for others who use the same leases. */
  readonly lockTimeoutMs?: number;
  /** One line for people. */
  warn(line: string): void;
}

/** Others hold the lock for milliseconds; a runtime gives up on a plugin after a minute or more. */
const LOCK_TIMEOUT_MS = 30_000;

/** Whose records these are. */
const PLUGIN = 'host-local';

/** What the reference creates its lock file with. */
const LOCK_MODE = 0o750;

/**
 * Works on a network's leases while nobody else does, this suite or the reference.
 *
 * @param create whether to create the folder; otherwise `undefined` is the answer when there is none
 */
export async function withLeases<T>(
  options: StoreOptions,
  create: boolean,
  work: (store: LeaseStore) => T,
): Promise<T | undefined> {
  const folder = `${options.dataDir}/${options.network}`;
  if (create) makeFolder(folder);
  else if (!isThere(folder)) return undefined;
  const lock = await lockFile(`${folder}/lock`, LOCK_MODE, options.lockTimeoutMs ?? LOCK_TIMEOUT_MS);
  try {
    const store = new LeaseStore(folder, options);
    try {
      return work(store);
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder, 0o755);
  } catch (thrown) {
    // In the reference's words; the kernel's own are about the attempt to create what is there.
    if (thrownErrno(thrown) === 'EEXIST') throw new CniError(ErrorCode.io, `mkdir ${folder}: not a directory`);
    throw fileError('mkdir', folder, thrown);
  }
}

function isThere(folder: string): boolean {
  try {
    return statusOf(folder) !== undefined;
  } catch (thrown) {
    throw fileError('stat', folder, thrown);
  }
}

/** The leases of one network, held under their lock. */
export class LeaseStore {
  readonly folder: LeaseFolder;
  readonly sticky: StickyMemory;
  readonly warn: (line: string) => void;
  readonly #index: LeaseIndex;
  readonly #boot: Boot;
  readonly #network: string;
  readonly #records: RecordStore;
  readonly #isInUse = namespaceCensus();
  readonly #attachment: AttachmentFacts | undefined;
  #content: FolderContent | undefined;
  #isSealed = true;
  #hasFolders = false;

  constructor(path: string, options: StoreOptions) {
    const aside = `${options.dataDir}/.cni-ts/${options.network}`;
    this.warn = options.warn;
    this.#network = options.network;
    this.#boot = options.boot ?? currentBoot();
    this.#records = new RecordStore(options.recordFolder);
    this.#attachment = options.attachment;
    this.folder = new LeaseFolder(path);
    this.sticky = new StickyMemory(`${aside}/.sticky`);
    this.#index = new LeaseIndex(aside, path, this.#boot.id);
    if (!this.#index.isComplete()) this.#learn();
  }

  /** Everything in the folder: reads every lease, so this is for what concerns all of them. */
  content(): FolderContent {
    this.#content ??= this.folder.scan();
    return this.#content;
  }

  /** The leases of an owner; those of the oldest plugins, which name no interface, are asked for without one. */
  ownedBy(owner: LeaseOwner): readonly Lease[] {
    if (this.#content === undefined) {
      const leases = this.#hintedTo(owner);
      if (leases !== undefined) return leases;
      this.#learn();
    }
    return [...this.content().leases.values()].filter((lease) => isSameInterface(lease.owner, owner));
  }

  /** The leases that the index knows of; `undefined` when what it says is not so: a file was changed in place. */
  #hintedTo(owner: LeaseOwner): readonly Lease[] | undefined {
    const hint = this.#index.read(owner);
    if (hint === 'damaged') return undefined;
    const leases: Lease[] = [];
    for (const address of hint?.addresses ?? []) {
      if (!this.#isOwner(owner, address)) return undefined;
      leases.push({ address, owner, path: `${this.folder.path}/${address}` });
    }
    return leases;
  }

  /** What can be proven about a lease. */
  judge(lease: Lease): Verdict {
    return judge(lease, {
      network: this.#network,
      boot: this.#boot,
      records: this.#records,
      index: this.#index,
      isInUse: this.#isInUse,
    });
  }

  /** Announces the addresses that an owner is about to get; gives the time that their files have to bear. */
  announce(owner: LeaseOwner, addresses: readonly string[]): number {
    this.#isSealed = false;
    this.#record(owner, addresses);
    const all: string[] = [];
    for (const { address } of this.ownedBy(owner)) all.push(address);
    for (const address of addresses) if (!all.includes(address)) all.push(address);
    const stamp = Date.now();
    const given = this.#boot.id === '' ? {} : { given: { bootId: this.#boot.id, stamp } };
    this.#index.write(owner, { addresses: all, ...given });
    return stamp;
  }

  /** Frees leases, all of them those of one owner. */
  release(owner: LeaseOwner, leases: readonly Lease[]): void {
    this.#isSealed = false;
    for (const { path } of leases) {
      this.folder.remove(path);
      this.#content?.leases.delete(path);
    }
    const hint = this.#index.read(owner);
    if (hint === undefined) return;
    for (const address of hint === 'damaged' ? [] : hint.addresses) if (this.#isOwner(owner, address)) return;
    this.forget(owner);
  }

  /** Removes what is noted of an owner that has no lease: any more, or because its ADD was killed before that. */
  forget(owner: LeaseOwner): void {
    this.#index.remove(owner);
    this.#records.remove(this.#recordKey(owner));
  }

  /** Removes what is noted in this network of owners that have no lease, or are not among those to keep. */
  forgetOthers(isKept: (owner: LeaseOwner) => boolean): void {
    this.#index.rebuild(this.content());
    for (const record of this.#records.readAll().records) {
      const isOurs = record.network === this.#network && record.plugin === PLUGIN;
      if (isOurs && !isKept(record)) this.forget(record);
    }
  }

  /** A namespace that cannot be opened leaves no record: its lease is then held until the next boot, or a DEL. */
  #record(owner: LeaseOwner, addresses: readonly string[]): void {
    if (this.#attachment === undefined) return;
    try {
      const netns = openNetns(this.#attachment.netns);
      try {
        const data = { addresses };
        const warning = this.#records.write({ ...this.#recordKey(owner), netns, cniArgs: this.#attachment.args, data });
        if (warning !== undefined) this.warn(warning);
      } finally {
        netns.close();
      }
    } catch (thrown) {
      if (!(thrown instanceof NetnsError)) throw thrown;
    }
  }

  #recordKey(owner: LeaseOwner): RecordKey {
    return { containerId: owner.containerId, ifName: owner.ifName, network: this.#network, plugin: PLUGIN };
  }

  #isOwner(owner: LeaseOwner, address: string): boolean {
    const slot = this.folder.slot(address);
    return slot.state === 'leased' && isSameInterface(slot.owner, owner);
  }

  /** Frees the file of an address that names nobody. */
  discard(path: string): void {
    this.#isSealed = false;
    this.folder.remove(path);
    this.#content?.damaged.delete(path);
  }

  /** Makes what was done here known to the next one. */
  close(): void {
    if (!this.#isSealed) this.#index.seal({ hasFolders: this.#hasFolders });
  }

  #learn(): void {
    this.#isSealed = false;
    this.folder.removeTemporary();
    this.#content = this.folder.scan();
    this.#hasFolders = this.#content.hasFolders;
    this.#index.rebuild(this.#content);
  }
}
