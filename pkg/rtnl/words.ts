import { parseAddress } from '../addr/address.ts';

// Readers of a command's words. What they do not know for certain is `undefined`, and the command is left to `ip`.
// They go through the characters one by one: an expression is compiled for a handful of uses, and that takes longer.

const MAX_NAME_LENGTH = 15;
const MAC_TEXT_LENGTH = 17;

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
  if (word === undefined || word === '' || word.length > 10 || (word.length > 1 && word[0] === '0')) return undefined;
  let value = 0;
  for (let index = 0; index < word.length; index++) {
    const digit = word.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value > limit ? undefined : value;
}

/** A word that can only be the name of a link, and not one of the further names that a link may have. */
export function readName(word: string | undefined): string | undefined {
  if (word === undefined || word === '' || word.length > MAX_NAME_LENGTH) return undefined;
  for (let index = 0; index < word.length; index++) {
    const code = word.charCodeAt(index);
    // Behind these four (`%`, `/`, `:`, and what is not ASCII) somebody might see more than a name.
    if (code <= 32 || code >= 127 || code === 37 || code === 47 || code === 58) return undefined;
  }
  return word;
}

/** `on` or `off` as 1 or 0. */
export function readSwitch(word: string | undefined): 0 | 1 | undefined {
  return word === 'on' ? 1 : word === 'off' ? 0 : undefined;
}

/** The six octets of an Ethernet address; longer ones are left to `ip`. */
export function readMac(word: string | undefined): Uint8Array | undefined {
  if (word?.length !== MAC_TEXT_LENGTH) return undefined;
  const bytes = new Uint8Array(6);
  for (let octet = 0; octet < 6; octet++) {
    const high = hexDigit(word.charCodeAt(octet * 3));
    const low = hexDigit(word.charCodeAt(octet * 3 + 1));
    if (high < 0 || low < 0 || (octet < 5 && word[octet * 3 + 2] !== ':')) return undefined;
    bytes[octet] = high * 16 + low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lowerCase = code | 32;
  return lowerCase >= 97 && lowerCase <= 102 ? lowerCase - 87 : -1;
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
