/** Whom an address is leased to. A lease of the oldest plugins names no interface: then `ifName` is ''. */
export interface Owner {
  readonly containerId: string;
  readonly ifName: string;
}

const SEPARATOR = '\r\n';

/** The content of a lease file. */
export function encodeOwner({ containerId, ifName }: Owner): string {
  return `${containerId.trim()}${SEPARATOR}${ifName}`;
}

/** Reads a lease file's content; `undefined` when it names nobody: such a lease holds nothing. */
export function decodeOwner(content: string): Owner | undefined {
  const text = content.trim();
  if (text === '' || isDamaged(text)) return undefined;
  const at = text.indexOf(SEPARATOR);
  if (at === -1) return { containerId: text, ifName: '' };
  return { containerId: text.slice(0, at), ifName: text.slice(at + SEPARATOR.length) };
}

/** Whether there are control characters other than those between the lines: what a file has after a power loss. */
function isDamaged(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Tab, line feed and carriage return may be there.
    if ((code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127 || code === 0xfffd) return true;
  }
  return false;
}

/** Whether both name the same container and interface. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.containerId === b.containerId && a.ifName === b.ifName;
}
