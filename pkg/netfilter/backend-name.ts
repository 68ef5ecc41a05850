import { configError } from '../config/config-error.ts';
import { hasProgram } from '../sys/process/find-program.ts';
import { quote } from '../types/quote.ts';

/** What masquerade rules are made with. */
export type MasqueradeBackend = 'iptables' | 'nftables';

/** All backends, in the order they are tried. */
export const MASQUERADE_BACKENDS: readonly MasqueradeBackend[] = ['iptables', 'nftables'];

/** What is tried first when a configuration leaves it open. */
export function likelyBackend(environment: Readonly<Record<string, string | undefined>>): MasqueradeBackend {
  return hasProgram('iptables', environment) ? 'iptables' : 'nftables';
}

/**
 * The backend that a configuration names; `undefined` when it leaves the choice.
 *
 * @throws {CniError} when it names another one
 */
export function masqueradeBackend(name: string | undefined): MasqueradeBackend | undefined {
  if (name === undefined || name === '') return undefined;
  const backend = MASQUERADE_BACKENDS.find((one) => one === name);
  if (backend !== undefined) return backend;
  throw configError(
    `unknown ipmasq backend ${quote(name)}`,
    'ipMasqBackend',
    name,
    '"iptables", "nftables", or no such key: then what this host has is used',
  );
}
