/** The known name that an unknown one is most likely a slip of, or `undefined` when none is near. */
export function nearest(unknown: string, known: readonly string[]): string | undefined {
  if (unknown.length < 3 || unknown.length > 40) return undefined;
  // Short names are near to everything, so they are allowed fewer slips.
  let best = unknown.length < 6 ? 2 : 3;
  let meant: string | undefined;
  for (const candidate of known) {
    if (candidate.length < 3 || Math.abs(candidate.length - unknown.length) >= best) continue;
    const slips = distance(unknown.toLowerCase(), candidate.toLowerCase());
    if (slips < best) {
      best = slips;
      meant = candidate;
    }
  }
  return meant;
}

/** Insertions, deletions, replacements and swaps of neighbours between two short texts. */
function distance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let slips = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + same);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) slips = Math.min(slips, at(twoAbove, column - 2) + 1);
      current.push(slips);
    }
    [twoAbove, above] = [above, current];
  }
  return at(above, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
