import { readAddress } from '../rtnl/words.ts';

const LINK_NAME_BYTES = 16;
const BETWEEN = ' . ';

/**
 * An element of a set as the kernel keeps it: an address, or one or several names of links; `undefined` for one that is
 * not known here, which then is for nft itself.
 */
export function encodeNftElement(text: string): Uint8Array | undefined {
  if (!text.startsWith('"')) return readAddress(text)?.bytes;
  const names = text.split(BETWEEN);
  const key = new Uint8Array(names.length * LINK_NAME_BYTES);
  for (let index = 0; index < names.length; index++) {
    const name = linkName(names[index] ?? '');
    if (name === undefined) return undefined;
    key.set(name, index * LINK_NAME_BYTES);
  }
  return key;
}

/** A link's name in quotes, as nft lists it, in the bytes with which nft compares it; `undefined` for what is none. */
export function linkName(word: string): Uint8Array | undefined {
  if (!/^"[^"*\\\s]+"$/.test(word)) return undefined;
  const text = new TextEncoder().encode(word.slice(1, -1));
  // The kernel ends a name with a zero.
  if (text.length >= LINK_NAME_BYTES) return undefined;
  const bytes = new Uint8Array(LINK_NAME_BYTES);
  bytes.set(text);
  return bytes;
}
