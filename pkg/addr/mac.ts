/**
 * Six octets in one of the notations in use (`02:00:…`, `02-00-…`, `0200.0000.0001`), as the kernel prints them;
 * `undefined` when the text is no MAC.
 */
export function canonicalMac(text: string): string | undefined {
  const isMac = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2}){4}$|^[\da-f]{4}(?:\.[\da-f]{4}){2}$/i.test(text);
  if (!isMac) return undefined;
  const digits = text.replace(/[:.-]/g, '').toLowerCase();
  return digits.replace(/..(?!$)/g, '$&:');
}
