import { type Family, formatAddress, parseAddress } from '../../pkg/addr/address.ts';
import { configError } from '../../pkg/config/config-error.ts';
import type { SbrConf } from './schema.ts';

/** What a configuration asks for. */
export interface SbrSettings {
  /** `undefined`: a free one for each address. */
  readonly table: number | undefined;
  readonly gateways: ReadonlyMap<Family, string>;
  readonly addSourceHints: boolean;
}

const LARGEST_TABLE = 0xffff_ffff;

/**
 * Reads a configuration.
 *
 * @throws {CniError} code 7
 */
export function settingsOf({ table, gateways = [], addSourceHints = false }: SbrConf): SbrSettings {
  if (table !== undefined && (table < 1 || table > LARGEST_TABLE)) {
    throw configError(`invalid table ${table}`, 'table', table, `a number from 1 to ${LARGEST_TABLE}`);
  }
  return { table, gateways: gatewaysOf(gateways), addSourceHints };
}

function gatewaysOf(texts: readonly string[]): ReadonlyMap<Family, string> {
  const expected = 'one IPv4 and one IPv6 address at most';
  if (texts.length > 2) {
    const message = 'gateways list cannot contain more than 2 entries (one IPv4, one IPv6)';
    throw configError(message, 'gateways', texts, expected);
  }
  const gateways = new Map<Family, string>();
  for (const text of texts) {
    const address = parseAddress(text);
    if (address === undefined) {
      throw configError(`invalid static gateway IP address: ${text}`, 'gateways', text, expected);
    }
    const [before, gateway] = [gateways.get(address.family), formatAddress(address)];
    if (before !== undefined) {
      const message = `gateways list contains multiple IPv${address.family} addresses: ${before} and ${gateway}`;
      throw configError(message, 'gateways', texts, expected);
    }
    gateways.set(address.family, gateway);
  }
  return gateways;
}
