import { statusOf } from '../sys/files/files.ts';
import { libc } from '../sys/libc.ts';
import { hasProgram, lookUpProgram } from '../sys/process/find-program.ts';
import type { MasqueradeBackend } from './backend-name.ts';

/** What every name of iptables leads to where it works on nf_tables. */
const NFT_VARIANT = 'xtables-nft-multi';
const RESTORE = 'iptables-restore';

/** Looking for a program takes a dozen calls, and several ask in one call of a plugin. */
const known = new Map<MasqueradeBackend, boolean>();

/**
 * Whether iptables works on nf_tables here, so that what it would do can be done without it. Where it is the legacy one,
 * or missing, it stays with the programs and their errors.
 */
export function isIptablesNative(): boolean {
  return once('iptables', leadsToVariant);
}

function leadsToVariant(): boolean {
  const path = lookUpProgram(RESTORE);
  if (path === undefined) return false;
  const own = statusOf(path);
  const variant = statusOf(`${path.slice(0, path.lastIndexOf('/') + 1)}${NFT_VARIANT}`);
  return own !== undefined && variant !== undefined && own.ino === variant.ino && own.dev === variant.dev;
}

/**
 * Whether a backend's rules can be made and removed without its program. It has to be there all the same: it makes what
 * all rules share, and people look with it.
 */
export function isNative(backend: MasqueradeBackend): boolean {
  if (libc() === undefined) return false;
  return backend === 'nftables' ? once(backend, () => hasProgram('nft')) : isIptablesNative();
}

function once(backend: MasqueradeBackend, look: () => boolean): boolean {
  const found = known.get(backend) ?? look();
  known.set(backend, found);
  return found;
}
