import type { JsonObject } from '../../pkg/skel/plugin.ts';
import type { FirewallBackend, HostAddress, Separation } from './settings.ts';

/** What is noted about an attachment: enough to close the firewall again without anything else. */
export interface FirewallNotes {
  readonly backend: FirewallBackend;
  readonly zone: string;
  readonly addresses: readonly HostAddress[];
  readonly adminChain: string;
  /** What is kept apart, when something is. */
  readonly separation?: Separation | undefined;
}

/** The notes in a record; `undefined` when they say nothing that can be used. */
export function notesOf(data: Readonly<JsonObject>): FirewallNotes | undefined {
  const { backend, zone, addresses, adminChain, separation } = data;
  if (backend !== 'firewalld' && backend !== 'iptables' && backend !== 'nftables') return undefined;
  const found: HostAddress[] = [];
  for (const address of Array.isArray(addresses) ? addresses : []) {
    const { family, text } = (address ?? {}) as { readonly family?: unknown; readonly text?: unknown };
    if ((family === 4 || family === 6) && typeof text === 'string') found.push({ family, text });
  }
  return {
    backend,
    zone: typeof zone === 'string' ? zone : '',
    addresses: found,
    adminChain: typeof adminChain === 'string' ? adminChain : '',
    separation: separationIn(separation),
  };
}

function separationIn(value: unknown): Separation | undefined {
  const { policy, bridge } = (value ?? {}) as { readonly policy?: unknown; readonly bridge?: unknown };
  if ((policy !== 'same-bridge' && policy !== 'isolated') || typeof bridge !== 'string') return undefined;
  return { policy, bridge };
}
