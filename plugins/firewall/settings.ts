import type { Family } from '../../pkg/addr/address.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { FirewallConf } from './schema.ts';

/** Who lets packets through. */
export type FirewallBackend = 'firewalld' | 'iptables' | 'nftables';

/** Which containers may reach each other; `undefined` when all may. */
export type IngressPolicy = 'same-bridge' | 'isolated' | undefined;

/** A bridge whose containers are kept apart from others. */
export interface Separation {
  readonly policy: NonNullable<IngressPolicy>;
  readonly bridge: string;
}

/** What a configuration asks for. */
export interface FirewallSettings {
  /** `undefined`: whichever works here. */
  readonly backend: FirewallBackend | undefined;
  readonly adminChain: string;
  readonly zone: string;
  readonly policy: IngressPolicy;
}

const BACKENDS: readonly FirewallBackend[] = ['firewalld', 'iptables', 'nftables'];

/** The kernel's limit for the name of a chain of iptables, less the closing zero. */
const MAX_CHAIN_LENGTH = 28;

/**
 * Reads a configuration.
 *
 * @throws {CniError} code 7
 */
export function settingsOf(conf: FirewallConf, warn: (line: string) => void): FirewallSettings {
  return {
    backend: backendOf(conf, warn),
    adminChain: adminChainOf(conf),
    zone: conf.firewalldZone || 'trusted',
    policy: policyOf(conf),
  };
}

function backendOf({ backend }: FirewallConf, warn: (line: string) => void): FirewallBackend | undefined {
  for (const known of BACKENDS) if (known === backend) return known;
  if (backend) warn(`firewall: there is no backend "${backend}"; one of ${BACKENDS.join(', ')} is chosen`);
  return undefined;
}

function adminChainOf({ iptablesAdminChainName: name }: FirewallConf): string {
  if (!name) return 'CNI-ADMIN';
  if (name.length <= MAX_CHAIN_LENGTH && /^[\w.:+][\w.:+-]*$/.test(name)) return name;
  const expected = `a name of at most ${MAX_CHAIN_LENGTH} letters, digits and -._:+`;
  throw configError(`invalid chain name ${JSON.stringify(name)}`, 'iptablesAdminChainName', name, expected);
}

function policyOf({ ingressPolicy: policy }: FirewallConf): IngressPolicy {
  if (policy === undefined || policy === '' || policy === 'open') return undefined;
  if (policy === 'same-bridge' || policy === 'isolated') return policy;
  throw configError(
    `unknown ingress policy: ${JSON.stringify(policy)}`,
    'ingressPolicy',
    policy,
    '"open", "same-bridge" or "isolated"',
  );
}

/** A container's address without a prefix length. */
export interface HostAddress {
  readonly family: Family;
  readonly text: string;
}

/** The addresses in a result, each once. */
export function addressesOf(result: Result | undefined): readonly HostAddress[] {
  const addresses: HostAddress[] = [];
  const seen: string[] = [];
  for (const { address } of result?.ips ?? []) {
    const slash = address.indexOf('/');
    const text = slash === -1 ? address : address.slice(0, slash);
    if (seen.includes(text)) continue;
    seen.push(text);
    addresses.push({ family: text.includes(':') ? 6 : 4, text });
  }
  return addresses;
}

/**
 * The bridge that a policy is about: the first interface of the result.
 *
 * @throws {CniError} when there is none
 */
export function bridgeOf(result: Result, policy: NonNullable<IngressPolicy>): string {
  const [first] = result.interfaces ?? [];
  if (first === undefined) {
    throw new CniError(
      ErrorCode.internal,
      `interface needs to be set for ingress policy "${policy}", make sure to chain "firewall" plugin with "bridge"`,
      'prevResult has no "interfaces"; expected the bridge as the first of them',
    );
  }
  if (first.name === '')
    throw new CniError(ErrorCode.internal, 'got empty bridge name', 'prevResult.interfaces[0].name');
  return first.name;
}
