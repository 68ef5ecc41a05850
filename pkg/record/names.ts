import type { AttachmentKey } from './record.ts';

/** Longer names are hashed: a file name has at most 255 bytes, and a suffix follows. */
const MAX_NAME_BYTES = 200;

/** Name of the folder of a container. */
export function folderName(containerId: string): string {
  return fileSystemName(containerId);
}

/** Name of an attachment's file in its container's folder. No link or network name has a colon. */
export function fileName({ ifName, network, plugin }: Omit<AttachmentKey, 'containerId'>): string {
  return `${fileSystemName(`${ifName}:${network}:${plugin}`)}.json`;
}

/** The text itself where it can be a file's name, else a hash of it. */
export function fileSystemName(text: string): string {
  if (text.length <= MAX_NAME_BYTES && isPlain(text)) return text;
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
  // No name of the first kind begins like this.
  return `_${hash}`;
}

/** `[a-zA-Z0-9][a-zA-Z0-9_.:@-]*`, in plain code, which every call goes through. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const letterOrDigit = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    // Hyphen, dot, colon, at sign, underscore.
    const inside = index > 0 && (code === 45 || code === 46 || code === 58 || code === 64 || code === 95);
    if (!letterOrDigit && !inside) return false;
  }
  return text !== '';
}
