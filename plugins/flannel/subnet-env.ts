import type { Family } from '../../pkg/addr/address.ts';
import { formatPrefix, networkOf, parsePrefix } from '../../pkg/addr/prefix.ts';
import { readExistingFile } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { quote } from '../../pkg/types/quote.ts';

/** What flanneld says of this host's part of the network; prefixes in canonical text, host bits zero. */
export interface SubnetEnv {
  /** The whole network's prefixes, those of IPv4 first. */
  readonly networks: readonly string[];
  /** This host's part of it, at most one of each key, that of IPv4 first. */
  readonly subnets: readonly string[];
  readonly mtu: number;
  /** Whether flanneld itself masquerades. */
  readonly masquerades: boolean;
}

/** A file that says not enough, or nonsense. */
export class SubnetEnvError extends CniError {
  /** Whether it may be right in a moment: it looks like one that is just being written. */
  readonly isUnfinished: boolean;

  constructor(code: number, message: string, details: string, isUnfinished: boolean) {
    super(code, message, details);
    this.isUnfinished = isUnfinished;
  }
}

const MAX_UINT32 = 4_294_967_295;

/** Reads the file that flanneld writes. */
export function readSubnetEnv(path: string): SubnetEnv {
  return parseSubnetEnv(readExistingFile(path), path);
}

/**
 * The content of such a file: line by line, a key, `=`, a value without quotes; the last line of a key counts, unknown
 * keys are ignored.
 *
 * @throws {SubnetEnvError} when something is missing, cannot be read, or does not fit together
 */
export function parseSubnetEnv(text: string, path: string): SubnetEnv {
  const found = new Found();
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const shown = line.endsWith('\r') ? line.slice(0, -1) : line;
    try {
      found.take(shown);
    } catch (thrown) {
      if (!(thrown instanceof CniError)) throw thrown;
      const details = `${path}, line ${index + 1}: found ${quote(shown)}, expected ${thrown.details}`;
      // Nothing follows the last line break of a file that is complete.
      throw new SubnetEnvError(thrown.code, thrown.message, details, index === lines.length - 1);
    }
  }
  return found.complete(path);
}

/** What was found so far. */
class Found {
  #networks4: readonly string[] | undefined;
  #networks6: readonly string[] | undefined;
  #subnet4: string | undefined;
  #subnet6: string | undefined;
  #mtu: number | undefined;
  #masquerades: boolean | undefined;

  take(line: string): void {
    const equals = line.indexOf('=');
    const key = equals === -1 ? line : line.slice(0, equals);
    const value = equals === -1 ? undefined : line.slice(equals + 1);
    switch (key) {
      case 'FLANNEL_NETWORK':
        this.#networks4 = readNetworks(key, value);
        break;
      case 'FLANNEL_IPV6_NETWORK':
        this.#networks6 = readNetworks(key, value);
        break;
      case 'FLANNEL_SUBNET':
        this.#subnet4 = readNetwork(present(key, value));
        break;
      case 'FLANNEL_IPV6_SUBNET':
        this.#subnet6 = readNetwork(present(key, value));
        break;
      case 'FLANNEL_MTU':
        this.#mtu = readMtu(present(key, value));
        break;
      case 'FLANNEL_IPMASQ':
        this.#masquerades = present(key, value) === 'true';
        break;
    }
  }

  complete(path: string): SubnetEnv {
    const missing: string[] = [];
    if (!this.#networks4 && !this.#networks6) missing.push('FLANNEL_NETWORK', 'FLANNEL_IPV6_NETWORK');
    if (this.#subnet4 === undefined && this.#subnet6 === undefined) {
      missing.push('FLANNEL_SUBNET', 'FLANNEL_IPV6_SUBNET');
    }
    if (this.#mtu === undefined) missing.push('FLANNEL_MTU');
    if (this.#masquerades === undefined) missing.push('FLANNEL_IPMASQ');
    const [mtu, masquerades] = [this.#mtu, this.#masquerades];
    if (missing.length > 0 || mtu === undefined || masquerades === undefined) {
      const details = `of FLANNEL_NETWORK and FLANNEL_IPV6_NETWORK one is enough, and one FLANNEL_SUBNET for each`;
      throw new SubnetEnvError(ErrorCode.tryAgain, `${path} is missing ${missing.join(', ')}`, details, true);
    }
    const networks = [...(this.#networks4 ?? []), ...(this.#networks6 ?? [])];
    const subnets: string[] = [];
    if (this.#subnet4 !== undefined) subnets.push(this.#subnet4);
    if (this.#subnet6 !== undefined) subnets.push(this.#subnet6);
    refuseMismatch(path, networks, subnets);
    return { networks, subnets, mtu, masquerades };
  }
}

function present(key: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new CniError(ErrorCode.decoding, `${key} has no value`, `"${key}=" and a value`);
}

function readNetworks(key: string, value: string | undefined): readonly string[] {
  const networks: string[] = [];
  for (const text of present(key, value).split(',')) {
    const network = readNetwork(text);
    if (!networks.includes(network)) networks.push(network);
  }
  return networks;
}

function readNetwork(text: string): string {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return formatPrefix(networkOf(prefix));
  const expected = 'an address with prefix length such as 10.244.1.1/24, without quotes or white space';
  throw new CniError(ErrorCode.decoding, `invalid CIDR address: ${text}`, expected);
}

function readMtu(text: string): number {
  const mtu = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (mtu <= MAX_UINT32) return mtu;
  const why = Number.isNaN(mtu) ? 'invalid syntax' : 'value out of range';
  throw new CniError(
    ErrorCode.decoding,
    `strconv.ParseUint: parsing ${quote(text)}: ${why}`,
    'a whole number such as 1450',
  );
}

/** A network of a family in which this host has no part, or the other way around: pods would get half of what they need. */
function refuseMismatch(path: string, networks: readonly string[], subnets: readonly string[]): void {
  for (const family of [4, 6] as const) {
    const network = ofFamily(networks, family);
    const subnet = ofFamily(subnets, family);
    if ((network === undefined) === (subnet === undefined)) continue;
    const infix = family === 6 ? 'IPV6_' : '';
    const [has, lacks] = network === undefined ? ['SUBNET', 'NETWORK'] : ['NETWORK', 'SUBNET'];
    throw new SubnetEnvError(
      ErrorCode.invalidConfig,
      `${path} has an IPv${family} ${has.toLowerCase()} ${network ?? subnet} and no IPv${family} ${lacks.toLowerCase()}`,
      `expected FLANNEL_${infix}${lacks} beside FLANNEL_${infix}${has}: what flanneld was configured with ` +
        `(EnableIPv4, EnableIPv6, Network, IPv6Network) and the subnets of this node (spec.podCIDRs) do not fit together`,
      false,
    );
  }
}

function ofFamily(prefixes: readonly string[], family: Family): string | undefined {
  for (const prefix of prefixes) if (prefix.includes(':') === (family === 6)) return prefix;
  return undefined;
}
