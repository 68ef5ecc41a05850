import type { Netns, NetnsIdentity } from '../netns/netns.ts';
import { causeErrno, thrownText } from '../sys/errno.ts';
import { files, makeFolders, readTextFile, removeFile, statusOf, writeFile } from '../sys/files/files.ts';
import { type Attachment, isSameAttachment } from '../types/attachment.ts';
import { type NamespaceCensus, namespaceCensus } from './census.ts';
import { fileName, folderName } from './names.ts';
import { type AttachmentRecord, decodeRecord, podFrom, type RecordKey } from './record.ts';

/** Where records are kept; tmpfs, so they end with the boot that they describe. */
export const RECORD_FOLDER = '/run/cni-ts/attachments';

/** The folder of the records: where `CNI_TS_RUN_DIR` says, else the one of this machine. */
export function recordFolder(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['CNI_TS_RUN_DIR'] || RECORD_FOLDER;
}

/** The records in that folder. */
export function recordsOf(environment: Readonly<Record<string, string | undefined>>): RecordStore {
  return new RecordStore(recordFolder(environment));
}

/** How often a record is written into a folder that is gone the next moment. */
const TRIES = 3;

/** What a plugin gives for a record; the rest is found out. */
export interface NewRecord extends RecordKey {
  readonly netns: Netns;
  /** CNI_ARGS, where the pod's name may be. */
  readonly cniArgs?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Records that were found, and what was wrong with others. */
export interface FoundRecords {
  readonly records: readonly AttachmentRecord[];
  readonly warnings: readonly string[];
}

/**
 * The attachments' records. Nothing here ever fails a verb: what cannot be written or read is a warning.
 *
 * @example
 * const store = recordsOf(environment);
 * const warning = store.write({ containerId, ifName, network, plugin: 'bridge', netns, data: { veth } });
 */
export class RecordStore {
  /** Where they are; some plugins keep files of their own there. */
  readonly folder: string;

  constructor(folder: string = RECORD_FOLDER) {
    this.folder = folder;
  }

  /** Of about how many containers there are records; 0 where the file system does not count a folder's folders. */
  get containers(): number {
    return Math.max(0, (statusOf(this.folder)?.links ?? 0) - 2);
  }

  /** Writes or replaces a record; gives a warning when it could not. */
  write(record: NewRecord): string | undefined {
    const { containerId, ifName, network, plugin, netns, data } = record;
    const pod = podFrom(record.cniArgs ?? '');
    const { dev, ino } = netns.identity;
    const document: AttachmentRecord = {
      version: 1,
      bootId: bootId(),
      plugin,
      network,
      containerId,
      ifName,
      netns: { path: netns.path, dev: String(dev), ino: String(ino) },
      time: new Date().toISOString(),
      ...(pod === undefined ? {} : { pod }),
      data,
    };
    const folder = `${this.folder}/${folderName(containerId)}`;
    const text = `${JSON.stringify(document)}\n`;
    try {
      for (let tries = 1; ; tries += 1) {
        makeFolders(folder, 0o700);
        try {
          // One short write: a reader sees all of it or a damaged record, and no name is left behind by a crash.
          writeFile(`${folder}/${fileName(record)}`, text);
          return undefined;
        } catch (thrown) {
          // Somebody removed the folder with the last record of another attachment just now.
          if (tries === TRIES || causeErrno(thrown) !== 'ENOENT') throw thrown;
        }
      }
    } catch (thrown) {
      return `no record of this attachment: ${thrownText(thrown)}`;
    }
  }

  /** Removes what a crash has left of a plugin's records in a network: damaged files, and folders without any. */
  sweep(plugin: string, network: string): void {
    const suffix = `:${network}:${plugin}.json`;
    for (const name of list(this.folder, [])) {
      // No container's: plugins lock these, and a lock on a folder that is gone keeps nobody out.
      if (name.startsWith('.')) continue;
      const folder = `${this.folder}/${name}`;
      for (const file of list(folder, [])) {
        if (file.endsWith(suffix) && isDamaged(`${folder}/${file}`)) {
          removeFile(`${folder}/${file}`);
        }
      }
      try {
        files().removeFolder(folder);
      } catch {
        // There are records in it.
      }
    }
  }

  /**
   * The records of a plugin in a network whose attachments are not among those that the runtime still knows. What a
   * crash has left of others is removed on the way.
   */
  stale(
    plugin: string,
    network: string,
    valid: readonly { readonly containerID: string; readonly ifname: string }[],
  ): readonly AttachmentRecord[] {
    this.sweep(plugin, network);
    const known = new Set(valid.map(({ containerID, ifname }) => `${containerID}/${ifname}`));
    return this.readAll().records.filter((record) => {
      const isOurs = record.plugin === plugin && record.network === network;
      return isOurs && !known.has(`${record.containerId}/${record.ifName}`);
    });
  }

  /** All records of a container. */
  readForContainer(containerId: string): FoundRecords {
    const warnings: string[] = [];
    const records: AttachmentRecord[] = [];
    for (const record of this.#readFolder(folderName(containerId), warnings)) {
      // Two ids never share a folder; one that does not say so has been tampered with.
      if (record.containerId === containerId) records.push(record);
    }
    return { records, warnings };
  }

  /** The record of one attachment by one plugin. */
  find(attachment: Attachment, plugin: string): AttachmentRecord | undefined {
    for (const record of this.readForContainer(attachment.containerId).records) {
      if (record.plugin === plugin && isSameAttachment(record, attachment)) return record;
    }
    return undefined;
  }

  /** All records. */
  readAll(): FoundRecords {
    const warnings: string[] = [];
    const folders = list(this.folder, warnings);
    return { records: folders.flatMap((folder) => this.#readFolder(folder, warnings)), warnings };
  }

  /** Removes a record, and its container's folder with the last one; gives a warning when it could not. */
  remove(key: RecordKey): string | undefined {
    const folder = `${this.folder}/${folderName(key.containerId)}`;
    try {
      removeFile(`${folder}/${fileName(key)}`);
      files().removeFolder(folder);
    } catch (thrown) {
      const errno = causeErrno(thrown);
      if (errno !== 'ENOENT' && errno !== 'ENOTEMPTY') return `cannot remove ${folder}: ${thrownText(thrown)}`;
    }
    return undefined;
  }

  #readFolder(name: string, warnings: string[]): AttachmentRecord[] {
    const folder = `${this.folder}/${name}`;
    const records: AttachmentRecord[] = [];
    for (const file of list(folder, warnings)) {
      if (!file.endsWith('.json')) continue;
      try {
        const text = readTextFile(`${folder}/${file}`);
        const record = text === undefined ? undefined : decodeRecord(text);
        if (record !== undefined) records.push(record);
        else if (text !== undefined) warnings.push(`ignored the damaged record ${folder}/${file}`);
      } catch (thrown) {
        warnings.push(`cannot read the record ${folder}/${file}: ${thrownText(thrown)}`);
      }
    }
    return records;
  }
}

/**
 * Whether the attachment that a record describes can still be there. `unknown` when the machine does not say.
 *
 * A path that leads nowhere is no proof by itself: it may only be out of sight from here, in another mount namespace.
 * The namespace is gone when no process is inside either.
 */
export function isAlive(
  record: Pick<AttachmentRecord, 'bootId' | 'netns'>,
  isInUse: NamespaceCensus = namespaceCensus(),
): 'alive' | 'dead' | 'unknown' {
  if (record.bootId !== '' && bootId() !== '' && record.bootId !== bootId()) return 'dead';
  const { path, ino } = record.netns;
  try {
    const found = statusOf(path);
    if (found !== undefined && isNetnsOf(record, found)) return 'alive';
  } catch {
    return 'unknown';
  }
  return isInUse(ino) ? 'alive' : 'dead';
}

/** Whether a namespace is the one that a record is about: its path may be another container's by now. */
export function isNetnsOf({ netns }: Pick<AttachmentRecord, 'netns'>, { dev, ino }: NetnsIdentity): boolean {
  return String(dev) === netns.dev && String(ino) === netns.ino;
}

let boot: string | undefined;

/** Identifies the running boot; '' where the kernel does not tell. */
export function bootId(): string {
  if (boot !== undefined) return boot;
  try {
    boot = (readTextFile('/proc/sys/kernel/random/boot_id') ?? '').trim();
  } catch {
    boot = '';
  }
  return boot;
}

function isDamaged(path: string): boolean {
  try {
    return decodeRecord(readTextFile(path) ?? '') === undefined;
  } catch {
    return false;
  }
}

function list(folder: string, warnings: string[]): string[] {
  try {
    const names: string[] = [];
    for (const { name } of files().list(folder)) names.push(name);
    return names;
  } catch (thrown) {
    if (causeErrno(thrown) !== 'ENOENT') warnings.push(`cannot list ${folder}: ${thrownText(thrown)}`);
    return [];
  }
}
