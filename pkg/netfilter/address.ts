import { type Family, formatAddress } from '../addr/address.ts';
import { formatPrefix, hostPrefix, networkOf, parsePrefix } from '../addr/prefix.ts';
import { CniError, ErrorCode } from '../types/error.ts';

/** An address that is masqueraded. */
export interface MasqueradedAddress {
  readonly family: Family;
  /** `10.1.2.3` */
  readonly address: string;
  /** `10.1.2.3/32` */
  readonly host: string;
  /** `10.1.2.3/16` */
  readonly prefix: string;
  /** `10.1.0.0/16` */
  readonly network: string;
}

/** Reads addresses with their prefix lengths: nothing else gets into a transaction. */
export function readAddresses(texts: readonly string[]): readonly MasqueradedAddress[] {
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new CniError(ErrorCode.internal, `invalid CIDR address: ${text}`);
    return {
      family: prefix.address.family,
      address: formatAddress(prefix.address),
      host: formatPrefix(hostPrefix(prefix.address)),
      prefix: formatPrefix(prefix),
      network: formatPrefix(networkOf(prefix)),
    };
  });
}
