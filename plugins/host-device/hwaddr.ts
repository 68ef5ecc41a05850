/**
 * A hardware address of 6, 8 or 20 octets in one of the notations in use (`02:00:…`, `02-00-…`, `0200.0000.…`), as the
 * kernel prints it; `undefined` when the text is none.
 */
export function hwaddrOf(text: string): string | undefined {
  const isAddress = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2})*$|^[\da-f]{4}(?:\.[\da-f]{4})+$/i.test(text);
  const digits = text.replace(/[:.-]/g, '').toLowerCase();
  if (!isAddress || ![12, 16, 40].includes(digits.length)) return undefined;
  return digits.replace(/..(?!$)/g, '$&:');
}
