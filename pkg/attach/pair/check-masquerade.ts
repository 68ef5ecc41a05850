import type { MasqueradeBackend } from '../../netfilter/backend-name.ts';
import { missingMasquerade } from '../../netfilter/missing.ts';
import { ownNetns } from '../../netns/own.ts';
import { onlyFilterPrograms } from '../../plan/options.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { attachmentOf } from '../../types/attachment.ts';
import { pairNotesOf } from './notes.ts';

const TIMEOUT_MS = 30_000;

/** What a container's masquerade lacks, one line each. */
export async function masqueradeDifferences(
  call: AttachmentCall<unknown>,
  plugin: string,
  addresses: readonly string[],
  configured: MasqueradeBackend | undefined,
): Promise<readonly string[]> {
  const backends = backendsOf(call, plugin, configured);
  const options = { timeoutMs: TIMEOUT_MS, onlyFilterPrograms: onlyFilterPrograms(call.environment) };
  return missingMasquerade(ownNetns(), { ...attachmentOf(call), addresses }, backends, options);
}

/** Who made the rules: what was noted, else what is configured, else either. */
function backendsOf(
  call: AttachmentCall<unknown>,
  plugin: string,
  configured: MasqueradeBackend | undefined,
): readonly MasqueradeBackend[] {
  const own = call.records.find(call, plugin);
  const noted = own === undefined ? [] : pairNotesOf(own.data).masquerade;
  if (noted.length > 0) return noted;
  return configured === undefined ? ['iptables', 'nftables'] : [configured];
}
