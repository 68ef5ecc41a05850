import type { ContainerInterface } from '../types/attachment.ts';

/** Whom an address is leased to. A lease of the oldest plugins names no interface: then `ifName` is ''. */
export type LeaseOwner = ContainerInterface;

const SEPARATOR = '\r\n';

/** The content of a lease file. */
export function encodeOwner({ containerId, ifName }: LeaseOwner): string {
  return `${containerId.trim()}${SEPARATOR}${ifName}`;
}

/** Reads a lease file's content; `undefined` when it names nobody: such a lease holds nothing. */
export function decodeOwner(content: string): LeaseOwner | undefined {
  const text = content.trim();
  if (!WHOLE.test(text)) return undefined;
  const at = text.indexOf(SEPARATOR);
  if (at === -1) return { containerId: text, ifName: '' };
  return { containerId: text.slice(0, at), ifName: text.slice(at + SEPARATOR.length) };
}

/** Without control characters other than those between the lines, which a file has after a power loss. */
const WHOLE = /^[\t\n\r -~\u0080-\ufffc\ufffe\uffff]+$/;
