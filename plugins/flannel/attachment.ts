import type { AttachmentKey, AttachmentRecord } from '../../pkg/record/record.ts';
import { isAlive, RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import type { DelegateConf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { dataDirOf, decodeStored, notesOf, ownPlace, PLUGIN, type Place, readStored, sharedPlace } from './stored.ts';

/** What is known about an attachment before anything is done. */
export interface Known {
  readonly key: AttachmentKey;
  readonly dataDir: string;
  readonly records: RecordStore;
  /** Its own record. */
  readonly record: AttachmentRecord | undefined;
  /** Records of the container's other flannel attachments. */
  readonly others: readonly AttachmentRecord[];
}

/** Reads the records of a container. */
export function knownOf(call: AttachmentCall<FlannelConf>): Known {
  const { containerId, ifName, network } = call;
  const records = new RecordStore(recordFolder(call.environment));
  let record: AttachmentRecord | undefined;
  const others: AttachmentRecord[] = [];
  for (const found of records.readForContainer(containerId).records) {
    if (found.plugin !== PLUGIN) continue;
    if (found.ifName === ifName && found.network === network) record = found;
    else others.push(found);
  }
  const key = { containerId, ifName, network, plugin: PLUGIN };
  return { key, dataDir: dataDirOf(call.conf), records, record, others };
}

/** Where an ADD keeps the configuration: in the reference's file, unless that is another attachment's. */
export function placeToWrite({ key, dataDir, record, others }: Known): Place {
  const [shared, own] = [sharedPlace(dataDir, key), ownPlace(dataDir, key)];
  const noted = record && notesOf(record)?.file;
  if (noted === shared.file || noted === own.file) return noted === own.file ? own : shared;
  for (const other of others) if (notesOf(other)?.file === shared.file) return own;
  const conf = decodeStored(readStored(shared), true);
  return conf === undefined || conf.name === key.network ? shared : own;
}

/** What is stored of an attachment. */
export interface Stored {
  /** What its delegate was called with; `undefined` when that is lost. */
  readonly conf: DelegateConf | undefined;
  /** What may be its own under another name of the network: nobody says whose it is, or whoever it was is gone. */
  readonly renamed: DelegateConf | undefined;
  /** The files that are its own, there or not. */
  readonly places: readonly Place[];
  /** The records that go with it. */
  readonly records: readonly AttachmentKey[];
}

/** Finds what is stored of an attachment: in its files, else in its record. */
export function findStored({ key, dataDir, record, others }: Known): Stored {
  const [shared, own] = [sharedPlace(dataDir, key), ownPlace(dataDir, key)];
  const notes = record && notesOf(record);
  const ownText = readStored(own);
  const owner = others.find((other) => notesOf(other)?.file === shared.file);
  const isFree = notes?.file === shared.file || (ownText === undefined && mayTake(owner, key));
  const inShared = isFree ? decodeStored(readStored(shared), true) : undefined;
  const [same, renamed] = inShared?.name === key.network ? [inShared, undefined] : [undefined, inShared];
  return {
    conf: decodeStored(ownText, false) ?? same ?? decodeStored(notes?.delegate, true),
    renamed,
    places: isFree ? [own, shared] : [own],
    records: owner !== undefined && renamed?.name === owner.network ? [key, owner] : [key],
  };
}

/** Whether nobody is known to own the file, or the same interface under another name of the network, long gone. */
function mayTake(owner: AttachmentRecord | undefined, { ifName }: AttachmentKey): boolean {
  return owner === undefined || (owner.ifName === ifName && isAlive(owner) === 'dead');
}
