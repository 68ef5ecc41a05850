const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** How long ago something was, in one or two units: `3 d 4 h`, `12 min`, `5 s`. */
export function ageOf(since: number, now: number): string {
  let seconds = Math.max(0, Math.floor((now - since) / 1000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    // Minutes beside days, and seconds beside anything, tell nobody anything.
    if (parts.length > 0) {
      if (count > 0 && unit !== 's') parts.push(`${count} ${unit}`);
      break;
    }
    if (count > 0 || unit === 's') parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}
