import { masqueradeProblem } from '../../netfilter/backend.ts';
import type { MasqueradeBackend } from '../../netfilter/backend-name.ts';
import { ownNetns } from '../../netns/own.ts';
import { fs, readTextFile } from '../../sys/files/files.ts';
import { CniError, ErrorCode } from '../../types/error.ts';

const TIMEOUT_MS = 30_000;
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
