import { isObject } from '../../pkg/json/decode.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import type { ValidAttachment } from '../../pkg/skel/plugin.ts';
import { files, readTextFile } from '../../pkg/sys/files/files.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import type { DelegateConf } from './delegate-conf.ts';
import { decodeStored, notesOf, ownFolder, ownPlace, PLUGIN, type Place, readStored, sharedPlace } from './stored.ts';

/** What is stored of an attachment that the runtime does not know. */
export interface Leftover {
  readonly containerId: string;
  /** `undefined` where only the reference's file is left. */
  readonly ifName: string | undefined;
  readonly conf: DelegateConf | undefined;
  readonly places: readonly Place[];
  readonly record: AttachmentRecord | undefined;
}

/** What a runtime still knows. */
interface Valid {
  /** Containers with their interfaces. */
  readonly attachments: ReadonlySet<string>;
  readonly containers: ReadonlySet<string>;
}

/**
 * What is stored of a network's attachments that are not valid. All flannel networks of a host share the folder, so only
 * what says that it is this network's counts: its record, our own file, or the name in the reference's file; and of a
 * file that does not say for which interface it is, no interface of the container may be valid.
 */
export function leftoversIn(
  dataDir: string,
  network: string,
  validAttachments: readonly ValidAttachment[],
  records: RecordStore,
): readonly Leftover[] {
  const valid: Valid = {
    attachments: new Set(validAttachments.map(({ containerID, ifname }) => `${containerID}/${ifname}`)),
    containers: new Set(validAttachments.map(({ containerID }) => containerID)),
  };
  const recorded = records.readAll().records.filter(({ plugin }) => plugin === PLUGIN);
  const ofNetwork = recorded
    .filter((record) => record.network === network)
    .map((record) => fromRecord(dataDir, record));
  const known = new Set(ofNetwork.flatMap(({ places }) => places.map(({ file }) => file)));
  const unrecorded = ownFiles(dataDir, network).filter(({ places }) => places.every(({ file }) => !known.has(file)));
  const named = [...ofNetwork, ...unrecorded].filter(({ containerId, ifName }) => {
    return !valid.attachments.has(`${containerId}/${ifName}`);
  });
  const taken = new Set(recorded.map((record) => notesOf(record)?.file));
  const nameless = sharedFiles(dataDir, network).filter(({ containerId, places }) => {
    return !valid.containers.has(containerId) && places.every(({ file }) => !taken.has(file));
  });
  return [...named, ...nameless];
}

function fromRecord(dataDir: string, record: AttachmentRecord): Leftover {
  const { containerId, ifName, network } = record;
  const notes = notesOf(record);
  const shared = sharedPlace(dataDir, record);
  const places = [ownPlace(dataDir, record), ...(notes?.file === shared.file ? [shared] : [])];
  const conf = storedConf(places, network) ?? decodeStored(notes?.delegate, true);
  return { containerId, ifName, conf, places, record };
}

/** The reference's files that can be read and are of the network. */
function sharedFiles(dataDir: string, network: string): readonly Leftover[] {
  return namesIn(dataDir).flatMap((containerId) => {
    const places = [sharedPlace(dataDir, { containerId, ifName: '' })];
    const conf = storedConf(places, network);
    return conf === undefined ? [] : [{ containerId, ifName: undefined, conf, places, record: undefined }];
  });
}

/** The first configuration of the network that can be read. */
function storedConf(places: readonly Place[], network: string): DelegateConf | undefined {
  const confs = places.map((place) => decodeStored(readStored(place), place.isShared));
  return confs.find((conf) => conf?.name === network);
}

/** Our own files, which say whose they are. */
function ownFiles(dataDir: string, network: string): readonly Leftover[] {
  const folder = ownFolder(dataDir);
  return namesIn(folder).flatMap((name) =>
    namesIn(`${folder}/${name}`).flatMap((file) => {
      const owner = ownerIn(`${folder}/${name}/${file}`);
      if (owner?.network !== network) return [];
      const places = [ownPlace(dataDir, { ...owner, plugin: PLUGIN })];
      return [{ ...owner, conf: storedConf(places, network), places, record: undefined }];
    }),
  );
}

function ownerIn(path: string): Attachment | undefined {
  try {
    const value: unknown = JSON.parse(readTextFile(path) ?? '');
    if (!isObject(value)) return undefined;
    const { containerId, ifName, network } = value;
    if (typeof containerId !== 'string' || typeof ifName !== 'string' || typeof network !== 'string') return undefined;
    return { containerId, ifName, network };
  } catch {
    return undefined;
  }
}

/** The names in a folder but those that only this suite uses. */
function namesIn(folder: string): readonly string[] {
  try {
    const entries = files().list(folder);
    return entries.map(({ name }) => name).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}
