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
  if (!WHOLE.test(text)) return undefined;
  const at = text.indexOf(SEPARATOR);
  if (at === -1) return { containerId: text, ifName: '' };
  return { containerId: text.slice(0, at), ifName: text.slice(at + SEPARATOR.length) };
}

/** Without control characters other than those between the lines, which a file has after a power loss. */
const WHOLE = /^[\t\n\r -~\u0080-\ufffc\ufffe\uffff]+$/;

/** Whether both name the same container and interface. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.containerId === b.containerId && a.ifName === b.ifName;
}
