import type { RecordKey } from './record.ts';

/** Longer names are hashed: a file name has at most 255 bytes, and a suffix follows. */
const MAX_NAME_BYTES = 200;

/** Names that are files' names as they are. */
const PLAIN = /^[a-zA-Z0-9][\w.:@-]*$/;

/** Name of the folder of a container. */
export function folderName(containerId: string): string {
  return fileSystemName(containerId);
}

/** Name of an attachment's file in its container's folder. No link or network name has a colon. */
export function fileName({ ifName, network, plugin }: Omit<RecordKey, 'containerId'>): string {
  return `${fileSystemName(`${ifName}:${network}:${plugin}`)}.json`;
}

/** The text itself where it can be a file's name, else a hash of it. */
export function fileSystemName(text: string): string {
  if (text.length <= MAX_NAME_BYTES && PLAIN.test(text)) return text;
  const hash = process.getBuiltinModule('node:crypto').createHash('sha512').update(text).digest('hex').slice(0, 64);
  // No name of the first kind begins like this.
  return `_${hash}`;
}
