import { randomBytes } from '../sys/random.ts';
import type { Attachment } from '../types/attachment.ts';

/** The kernel's limit for an alias, without the closing zero. */
const MAX_ALIAS_BYTES = 255;

/** How every alias of this suite begins. */
const ALIAS_PREFIX = 'cni-ts:';

/**
 * The name of the host's end of an attachment's veth pair: the same for the same attachment, so that it is found again
 * when nothing but the attachment is known.
 *
 * @example
 * hostLinkName({ network: 'net', containerId: 'c1', ifName: 'eth0' }); // 'veth' and eight hexadecimal digits
 */
export function hostLinkName({ network, containerId, ifName }: Attachment): string {
  // No part can contain the separator.
  return `veth${hash32(`${network}/${containerId}/${ifName}`).toString(16).padStart(8, '0')}`;
}

/** Another name for the same purpose: for when somebody else's link has the one above. */
export function randomLinkName(): string {
  let digits = '';
  for (const byte of randomBytes(4)) digits += hexByte(byte);
  return `veth${digits}`;
}

/** What is written on the host's end, for people and for whoever has to tell whose it is. */
export function linkAlias({ network, containerId, ifName }: Attachment): string {
  const alias = `${ALIAS_PREFIX}${network}/${containerId}/${ifName}`;
  // Only a name with other letters than ASCII's can have more bytes than it is long.
  const bytes = alias.length * 3 <= MAX_ALIAS_BYTES ? alias.length : Buffer.byteLength(alias);
  if (bytes <= MAX_ALIAS_BYTES) return alias;
  return `${ALIAS_PREFIX}${hash32(alias).toString(16)}-${hash32(`${alias} `).toString(16)}/${ifName}`;
}

/** Whether an alias was written by this suite. */
export function isOwnAlias(alias: string | undefined): alias is string {
  return alias?.startsWith(ALIAS_PREFIX) === true;
}

/** The attachment in an alias that has its names in it. */
export function attachmentInAlias(alias: string): Attachment | undefined {
  const [network, containerId, ifName, surplus] = alias.slice(ALIAS_PREFIX.length).split('/');
  if (network === undefined || containerId === undefined || ifName === undefined || surplus !== undefined) {
    return undefined;
  }
  return { network, containerId, ifName };
}

/** A hardware address that nobody else has: random, locally administered, unicast. */
export function randomMac(): string {
  let text = '';
  for (const byte of randomBytes(6)) text += text === '' ? hexByte((byte & 0xfc) | 0x02) : `:${hexByte(byte)}`;
  return text;
}

function hexByte(byte: number): string {
  return byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
}

/** FNV-1a over the text's code units, stirred once more at the end: a name need not be hard to guess, only to hit twice. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
