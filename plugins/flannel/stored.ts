import { isObject } from '../../pkg/json/decode.ts';
import { fileName, folderName } from '../../pkg/record/names.ts';
import type { AttachmentRecord, RecordKey } from '../../pkg/record/record.ts';
import type { Call, JsonObject } from '../../pkg/skel/plugin.ts';
import { causeErrno } from '../../pkg/sys/errno.ts';
import {
  fileError,
  files,
  makeFolders,
  readTextFile,
  removeFile,
  writeFileAtomically,
} from '../../pkg/sys/files/files.ts';
import type { Attachment, ContainerInterface } from '../../pkg/types/attachment.ts';
import { compactJson } from './compact-json.ts';
import { type DelegateConf, delegateConf, sectionsOf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import type { SubnetEnv } from './subnet-env.ts';
import { subnetsIfAny } from './subnets.ts';

const DATA_DIR = '/var/lib/cni/flannel';

/** What the record of an attachment has in its data. */
export interface FlannelNotes {
  /** The file with the delegate's configuration. */
  readonly file: string;
  /** The same configuration, for when the file is lost. */
  readonly delegate: string;
}

/** Where one attachment's configuration is kept. */
export interface Place {
  readonly file: string;
  readonly folder: string;
  /** The file's name while it is being written, so that whoever comes after a crash finds it. */
  readonly temporary: string;
  /** Whether it has the reference's form; then its name says nothing of the interface. */
  readonly isShared: boolean;
}

/** How often a file is written into a folder that is gone the next moment. */
const TRIES = 3;

/** The plugin's name in records. */
export const PLUGIN = 'flannel';

/** Where the files are. */
export function dataDirOf({ dataDir }: { readonly dataDir?: string | undefined }): string {
  return dataDir || DATA_DIR;
}

/** The reference's file: one for each container, whatever its interfaces and networks. */
export function sharedPlace(dataDir: string, { containerId, ifName }: ContainerInterface): Place {
  const temporary = `${dataDir}/.${folderName(containerId)}.${ifName}.tmp`;
  return { file: `${dataDir}/${containerId}`, folder: dataDir, temporary, isShared: true };
}

/** The folder of what the reference's form has no room for. */
export function ownFolder(dataDir: string): string {
  return `${dataDir}/.cni-ts`;
}

/** Our own file for a container's further interfaces. */
export function ownPlace(dataDir: string, key: RecordKey): Place {
  const folder = `${ownFolder(dataDir)}/${folderName(key.containerId)}`;
  const file = `${folder}/${fileName(key)}`;
  return { file, folder, temporary: `${file}.tmp`, isShared: false };
}

/** The notes in a record; `undefined` when they cannot be used. */
export function notesOf({ data }: AttachmentRecord): FlannelNotes | undefined {
  const { file, delegate } = data;
  return typeof file === 'string' && typeof delegate === 'string' ? { file, delegate } : undefined;
}

/** The text of a file; one that cannot be read is as good as none. */
export function readStored({ file }: Place): string | undefined {
  try {
    return readTextFile(file);
  } catch {
    return undefined;
  }
}

/** The delegate's configuration in a text; `undefined` when it is empty or damaged. */
export function decodeStored(text: string | undefined, isShared: boolean): DelegateConf | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const conf = isShared ? value : isObject(value) ? value['delegate'] : undefined;
    if (!isObject(conf) || typeof conf['name'] !== 'string' || typeof conf['type'] !== 'string') return undefined;
    return conf['type'] === '' ? undefined : (conf as DelegateConf);
  } catch {
    return undefined;
  }
}

/** Writes a file whole and to the disk, or not at all. */
export function writeStored(place: Place, key: Attachment, delegate: string): void {
  const text = place.isShared ? delegate : ownText(key, delegate);
  for (let tries = 1; ; tries += 1) {
    try {
      writeFileAtomically(place.file, text, { mode: 0o600, sync: true, temporary: place.temporary });
      return;
    } catch (thrown) {
      // The very first one, or somebody removed the folder with the last file of another attachment just now.
      if (tries === TRIES || causeErrno(thrown) !== 'ENOENT') throw thrown;
      makeFolder(place.folder);
    }
  }
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder, 0o700);
  } catch (thrown) {
    throw fileError('mkdir', folder, thrown);
  }
}

/** The text of a file of our own form. */
export function ownText({ containerId, ifName, network }: Attachment, delegate: string): string {
  return compactJson({ containerId, ifName, network, delegate: JSON.parse(delegate) as unknown });
}

/** Removes a file and what is left of an attempt to write it; neither has to be there. */
export function removeStored(place: Place): void {
  removeFile(place.temporary);
  removeFile(place.file);
  if (place.isShared) return;
  for (const folder of [place.folder, place.folder.slice(0, place.folder.lastIndexOf('/'))]) {
    try {
      files().removeFolder(folder);
    } catch {
      // There are others in it.
    }
  }
}

/** What stands for the network of a host whose flanneld is gone. */
const UNKNOWN: SubnetEnv = { networks: [], subnets: [], mtu: 0, masquerades: false };

/**
 * The delegate's configuration once more, for taking things down: from the configuration and what flanneld says now.
 * Nothing is refused, and what is not known is left out; addresses and links are found by the container all the same.
 *
 * @param isThorough whether rules are looked for even where flanneld makes them now: it may not have done so always
 */
export function rebuiltConf(call: Call<FlannelConf>, isThorough: boolean): DelegateConf {
  const { delegate, ipam } = sectionsOf(call.rawConf);
  const { name: _name, ipam: _ipam, type, ...rest } = delegate;
  const named: JsonObject = typeof type === 'string' && type !== '' ? { ...rest, type } : rest;
  const { routes: _routes, ...addressing } = ipam;
  const rawConf = { ...withoutSections(call.rawConf), delegate: named, ipam: addressing };
  const subnets = subnetsIfAny(call) ?? UNKNOWN;
  return delegateConf({ ...call, rawConf }, isThorough ? { ...subnets, masquerades: false } : subnets);
}

function withoutSections(raw: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(raw)) {
    if (!isObject(value) || !['delegate', 'ipam'].includes(key.toLowerCase())) kept[key] = value;
  }
  return kept;
}
