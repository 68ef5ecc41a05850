import { masqueradeProblem } from '../../netfilter/backend.ts';
import type { MasqueradeBackend } from '../../netfilter/backend-name.ts';
import { missingMasquerade } from '../../netfilter/missing.ts';
import { ownNetns } from '../../netns/own.ts';
import { onlyFilterPrograms } from '../../plan/options.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { fs, readTextFile } from '../../sys/files/files.ts';
import { attachmentOf } from '../../types/attachment.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
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

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/** Fails when the host passes no packets on and cannot be told to. */
export function refuseStuckForwarding(): void {
  if (readTextFile(FORWARDING)?.trim() === '1') return;
  try {
    fs().accessSync(FORWARDING, fs().constants.W_OK);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const details = `${FORWARDING} is not 1 and cannot be written (${why}); \`sysctl -w net.ipv4.ip_forward=1\` on the host`;
    throw new CniError(ErrorCode.io, 'IP forwarding is off', details);
  }
}

/** Fails when nothing here can masquerade. */
export async function refuseWithoutMasquerade(backend: MasqueradeBackend | undefined): Promise<void> {
  const problem = await masqueradeProblem(ownNetns(), backend, TIMEOUT_MS);
  if (problem !== undefined) throw new CniError(ErrorCode.internal, 'no masquerade', problem);
}
