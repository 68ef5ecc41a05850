/** The codes that switch a style on and off again. */
const STYLES: Readonly<Record<string, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** `util.styleText`, for whoever knows already that the stream is a terminal. */
export function styleText(style: string, text: string): string {
  const [on, off] = STYLES[style] ?? [0, 0];
  return `\u{1b}[${on}m${text}\u{1b}[${off}m`;
}
