import { statusOf } from '../sys/files.ts';
import { findProgram, hasProgram } from '../sys/process.ts';

/** What every name of iptables leads to where it works on nf_tables. */
const NFT_VARIANT = 'xtables-nft-multi';
const RESTORE = 'iptables-restore';

let isNative: boolean | undefined;

/**
 * Whether iptables works on nf_tables here, so that what it would do can be done without it. Where it is the legacy one,
 * or missing, it stays with the programs and their errors.
 */
export function isIptablesNative(): boolean {
  isNative ??= leadsToVariant();
  return isNative;
}

function leadsToVariant(): boolean {
  if (!hasProgram(RESTORE)) return false;
  const path = findProgram(RESTORE);
  const own = statusOf(path);
  const variant = statusOf(`${path.slice(0, path.lastIndexOf('/') + 1)}${NFT_VARIANT}`);
  return own !== undefined && variant !== undefined && own.ino === variant.ino && own.dev === variant.dev;
}
