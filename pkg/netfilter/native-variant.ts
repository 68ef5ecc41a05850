import { statusOf } from '../sys/files.ts';
import { findProgram, hasProgram } from '../sys/find-program.ts';
import { libc } from '../sys/libc.ts';
import type { MasqueradeBackend } from './backend-name.ts';

/** What every name of iptables leads to where it works on nf_tables. */
const NFT_VARIANT = 'xtables-nft-multi';
const RESTORE = 'iptables-restore';

let isNftVariant: boolean | undefined;

/**
 * Whether iptables works on nf_tables here, so that what it would do can be done without it. Where it is the legacy one,
 * or missing, it stays with the programs and their errors.
 */
export function isIptablesNative(): boolean {
  isNftVariant ??= leadsToVariant();
  return isNftVariant;
}

function leadsToVariant(): boolean {
  if (!hasProgram(RESTORE)) return false;
  const path = findProgram(RESTORE);
  const own = statusOf(path);
  const variant = statusOf(`${path.slice(0, path.lastIndexOf('/') + 1)}${NFT_VARIANT}`);
  return own !== undefined && variant !== undefined && own.ino === variant.ino && own.dev === variant.dev;
}

/**
 * Whether a backend's rules can be made and removed without its program. It has to be there all the same: it makes what
 * all rules share, and people look with it.
 */
export function isNative(backend: MasqueradeBackend): boolean {
  return libc() !== undefined && (backend === 'nftables' ? hasProgram('nft') : isIptablesNative());
}
