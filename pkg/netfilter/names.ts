import type { Attachment } from '../types/attachment.ts';
import { quote } from '../types/quote.ts';
import { sha512 } from './sha512.ts';

/** Beyond this many bytes iptables cuts a comment. */
const IPTABLES_COMMENT_BYTES = 255;

/** Beyond this many bytes nft refuses a comment. */
const NFT_COMMENT_BYTES = 128;

/** The iptables chain of a container in a network: all its interfaces there share it. */
export function chainName(network: string, containerId: string): string {
  return `CNI-${sha512(network + containerId).slice(0, 24)}`;
}

/** The comment of the iptables rules. */
export function iptablesComment(network: string, containerId: string): string {
  return cut(`name: ${quote(network)} id: ${quote(containerId)}`, IPTABLES_COMMENT_BYTES);
}

/** How the nft comments of all attachments of a network begin. */
export function networkPrefix(network: string): string {
  return `${shortHash(network)}-`;
}

/** How the nft comments of an attachment begin: what tells its rules from others'. */
export function attachmentPrefix({ network, containerId, ifName }: Attachment): string {
  return `${networkPrefix(network)}${shortHash(`${ifName}:${containerId}`)}`;
}

/** The comment of the nft rules; nft knows no way to write a double quote. */
export function nftComment(key: Attachment): string {
  const readable = `net: ${key.network}, if: ${key.ifName}, id: ${key.containerId}`.replaceAll('"', '');
  return cut(`${attachmentPrefix(key)}, ${readable}`, NFT_COMMENT_BYTES);
}

function shortHash(text: string): string {
  return sha512(text).slice(0, 16);
}

/** As many whole characters as fit. */
function cut(text: string, bytes: number): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read);
}
