import type { AttachmentRecord, RecordKey } from '../../pkg/record/record.ts';
import { isAlive } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { type Attachment, attachmentOf, isSameAttachment } from '../../pkg/types/attachment.ts';
import type { DelegateConf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { dataDirOf, decodeStored, notesOf, ownPlace, PLUGIN, type Place, readStored, sharedPlace } from './stored.ts';

/** An attachment and where things are noted about it. */
export interface Named {
  readonly key: RecordKey;
  readonly dataDir: string;
}

/** What is known about an attachment before anything is done. */
export interface Known extends Named {
  /** Its own record. */
  readonly record: AttachmentRecord | undefined;
  /** Records of the container's other flannel attachments. */
  readonly others: readonly AttachmentRecord[];
}

function namedOf(call: AttachmentCall<FlannelConf>): Named {
  return {
    key: { ...attachmentOf(call), plugin: PLUGIN },
    dataDir: dataDirOf(call.conf),
  };
}

/** Reads the records of a container. */
export function knownOf(call: AttachmentCall<FlannelConf>): Known {
  const named = namedOf(call);
  let record: AttachmentRecord | undefined;
  const others: AttachmentRecord[] = [];
  for (const found of call.records.readForContainer(call.containerId).records) {
    if (found.plugin !== PLUGIN) continue;
    if (isSameAttachment(found, call)) record = found;
    else others.push(found);
  }
  return { ...named, record, others };
}

/** Where an ADD keeps the configuration, and what is there already. */
export interface Target extends Named {
  readonly place: Place;
  readonly previous: string | undefined;
  /** Its record of before. */
  readonly record: AttachmentRecord | undefined;
}

/** The reference's file, unless that is another attachment's. */
export function targetOf(call: AttachmentCall<FlannelConf>): Target {
  const named = namedOf(call);
  const shared = sharedPlace(named.dataDir, named.key);
  const previous = readStored(shared);
  // The container's first interface, as nearly always: there is nobody to ask about.
  if (previous === undefined) return { ...named, place: shared, previous, record: undefined };
  const { record, others } = knownOf(call);
  const own = ownPlace(named.dataDir, named.key);
  const noted = record && notesOf(record)?.file;
  const name = decodeStored(previous, true)?.name ?? call.network;
  const isOthers = others.some((other) => notesOf(other)?.file === shared.file);
  if (noted === shared.file || (noted !== own.file && !isOthers && name === call.network)) {
    return { ...named, place: shared, previous, record };
  }
  return { ...named, place: own, previous: readStored(own), record };
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
  readonly records: readonly RecordKey[];
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
function mayTake(owner: AttachmentRecord | undefined, { ifName }: Attachment): boolean {
  return owner === undefined || (owner.ifName === ifName && isAlive(owner) === 'dead');
}
