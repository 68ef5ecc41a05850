import { parseAddress } from '../addr/address.ts';

// Readers of a command's words. What they do not know for certain is `undefined`, and the command is left to `ip`.

const NUMBER = /^(?:0|[1-9]\d{0,9})$/;
/** Without `%`, `/`, `:` and what is not ASCII: behind these somebody might see more than a name. */
const NAME = /^[!-$&-.0-9;-~]{1,15}$/;
const MAC = /^[\da-f]{2}(?::[\da-f]{2}){5}$/i;

/** An address as the kernel takes it. */
export interface AddressBytes {
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly bytes: Uint8Array;
}

/** The number of the IPv4 family. */
export const AF_INET = 2;
/** The number of the IPv6 family. */
export const AF_INET6 = 10;

/** A decimal number without leading zeros, up to a limit. */
export function readNumber(word: string | undefined, limit = 0x7fffffff): number | undefined {
  if (word === undefined || !NUMBER.test(word)) return undefined;
  const value = Number(word);
  return value > limit ? undefined : value;
}

/** A word that can only be the name of a link, and not one of the further names that a link may have. */
export function readName(word: string | undefined): string | undefined {
  return word !== undefined && NAME.test(word) ? word : undefined;
}

/** `on` or `off` as 1 or 0. */
export function readSwitch(word: string | undefined): 0 | 1 | undefined {
  return word === 'on' ? 1 : word === 'off' ? 0 : undefined;
}

/** The six octets of an Ethernet address; longer ones are left to `ip`. */
export function readMac(word: string | undefined): Uint8Array | undefined {
  if (word === undefined || !MAC.test(word)) return undefined;
  return Uint8Array.from(word.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** An address; the IPv6 notation of an IPv4 one is left to `ip`. */
export function readAddress(word: string | undefined): AddressBytes | undefined {
  const address = word === undefined ? undefined : parseAddress(word);
  if (word === undefined || address === undefined || (address.family === 4 && word.includes(':'))) return undefined;
  const bytes = new Uint8Array(address.family === 4 ? 4 : 16);
  let rest = address.value;
  for (let at = bytes.length - 4; at >= 0; at -= 4) {
    const group = Number(rest & 0xffff_ffffn);
    bytes[at] = group >>> 24;
    bytes[at + 1] = group >>> 16;
    bytes[at + 2] = group >>> 8;
    bytes[at + 3] = group;
    rest >>= 32n;
  }
  return { family: address.family === 4 ? AF_INET : AF_INET6, bytes };
}

/** `ADDRESS/LENGTH`. */
export function readPrefix(word: string | undefined): (AddressBytes & { readonly length: number }) | undefined {
  const slash = word?.indexOf('/') ?? -1;
  if (word === undefined || slash < 0) return undefined;
  const address = readAddress(word.slice(0, slash));
  if (address === undefined) return undefined;
  const length = readNumber(word.slice(slash + 1), address.bytes.length * 8);
  return length === undefined ? undefined : { family: address.family, bytes: address.bytes, length };
}
