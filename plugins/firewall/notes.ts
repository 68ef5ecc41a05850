import type { JsonObject } from '../../pkg/skel/plugin.ts';
import type { FirewallBackend, HostAddress } from './settings.ts';

/** What is noted about an attachment: enough to close the firewall again without anything else. */
export interface FirewallNotes {
  readonly backend: FirewallBackend;
  readonly zone: string;
  readonly addresses: readonly HostAddress[];
}

/** The notes in a record; `undefined` when they say nothing that can be used. */
export function notesOf({ backend, zone, addresses }: Readonly<JsonObject>): FirewallNotes | undefined {
  if (backend !== 'firewalld' && backend !== 'iptables' && backend !== 'nftables') return undefined;
  const found: HostAddress[] = [];
  for (const address of Array.isArray(addresses) ? addresses : []) {
    const { family, text } = (address ?? {}) as { readonly family?: unknown; readonly text?: unknown };
    if ((family === 4 || family === 6) && typeof text === 'string') found.push({ family, text });
  }
  return { backend, zone: typeof zone === 'string' ? zone : '', addresses: found };
}
