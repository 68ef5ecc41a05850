import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import type { Forwarding, RuleKey } from './forwarding.ts';

/** An attachment whose rules have to go. */
export interface Target extends RuleKey {
  /** What the rules followed from; `undefined` when nobody knows any more. */
  readonly forwarding: Forwarding | undefined;
  /** Who may have made them. */
  readonly backends: readonly MasqueradeBackend[];
  /** The container's addresses, without prefix lengths, when only these tell its rules from those of another attachment. */
  readonly addresses: readonly string[] | undefined;
  /** Whether rules of the same container under any network's name are this attachment's too. */
  readonly anyNetwork?: true;
  /** Other attachments of the same container: their rules stay. */
  readonly others: readonly Neighbour[];
}

/** Another attachment of the same container. */
export interface Neighbour extends RuleKey {
  readonly forwarding: Forwarding;
}

/** Those that share the iptables chain. */
export function sharersOf({ network, others }: Pick<Target, 'network' | 'others'>): readonly Neighbour[] {
  const sharers: Neighbour[] = [];
  for (const other of others) if (other.network === network) sharers.push(other);
  return sharers;
}
