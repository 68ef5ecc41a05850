import type { MasqueradeBackend } from '../../netfilter/backend-name.ts';
import type { JsonObject } from '../../skel/plugin.ts';

/** What is noted about a pair before the kernel is changed: enough to take it down without anything else. */
export interface PairNotes {
  /** The host's end of the pair. */
  readonly hostLink: string;
  /** The container's addresses, with prefix lengths. */
  readonly addresses: readonly string[];
  /** Who may have the masquerade; nobody when there is none. */
  readonly masquerade: readonly MasqueradeBackend[];
  readonly spoofCheck: boolean;
  /** The container's MAC, which a spoof check lets through; '' when it is not known. */
  readonly mac: string;
  /** The `ipam` section that the addresses came from. */
  readonly ipam?: JsonObject;
}

/** The notes in a record; what is missing or of another type is as if it had never been there. */
export function pairNotesOf(data: Readonly<JsonObject>): PairNotes {
  const { hostLink, addresses, masquerade, spoofCheck, mac, ipam } = data;
  return {
    hostLink: typeof hostLink === 'string' ? hostLink : '',
    addresses: textsIn(addresses),
    masquerade: backendsIn(masquerade),
    spoofCheck: spoofCheck === true,
    mac: typeof mac === 'string' ? mac : '',
    ...(typeof ipam === 'object' && ipam !== null ? { ipam: ipam as JsonObject } : {}),
  };
}

/** The texts in a list. */
export function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  if (Array.isArray(value)) for (const element of value) if (typeof element === 'string') texts.push(element);
  return texts;
}

function backendsIn(value: unknown): MasqueradeBackend[] {
  const backends: MasqueradeBackend[] = [];
  for (const text of textsIn(value)) if (text === 'iptables' || text === 'nftables') backends.push(text);
  return backends;
}
