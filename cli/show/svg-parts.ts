/** Around everything; all sizes are in pixels. */
export const MARGIN = 32;
/** Above the first bridge. */
export const HEADING = 56;
/** The box of a bridge. */
export const BRIDGE = { width: 250, height: 92 };
/** The room between the boxes. */
export const CABLE = 190;
/** The box of a container. */
export const CARD = { width: 430, gap: 16, padding: 16, line: 19 };
/** Between two bridges. */
export const GROUP_GAP = 36;

/** What is drawn in which colour. */
export const COLOURS = {
  paper: '#f7f8fa',
  ink: '#1f2933',
  soft: '#66727f',
  line: '#b7c0ca',
  card: '#ffffff',
  border: '#d9dfe5',
  bridge: '#22405c',
  onBridge: '#ffffff',
  softOnBridge: '#b9cbdc',
  alive: '#1f9d61',
  dead: '#cc3d3d',
  unknown: '#9aa5b1',
  address: '#0b6bcb',
  port: '#eef4fb',
} as const;

/** What is written in: whatever a reader has. */
export const FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';
const MONO = 'ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace';

/** How a text looks. */
export interface TextStyle {
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: number;
  readonly isMono?: boolean;
  readonly anchor?: 'end';
}

/** A line of text. Mono letters are 0.6 of their size wide, others a little less: what would not fit is cut. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { fill = COLOURS.ink, size = 14, weight, isMono = false, anchor } = style;
  const room = anchor === 'end' ? CABLE - 64 : CARD.width - CARD.padding - 34;
  const most = Math.floor(room / (size * (isMono ? 0.6 : 0.52)));
  const shown = content.length <= most ? content : `${content.slice(0, most - 1)}…`;
  const more = [
    ...(weight === undefined ? [] : [`font-weight="${weight}"`]),
    ...(isMono ? [`font-family="${escaped(MONO)}"`] : []),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ];
  const attributes = [`x="${x}"`, `y="${y}"`, `fill="${fill}"`, `font-size="${size}"`, ...more].join(' ');
  return `<text ${attributes} xml:space="preserve">${escaped(shown)}</text>`;
}

/** A text as it stands in a document. */
export function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
