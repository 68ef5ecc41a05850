/** A bar for each suite. */
export interface Bars {
  readonly name: string;
  readonly ours: number;
  readonly reference: number;
}

/** A line through points, x against milliseconds. */
export interface Line {
  readonly name: string;
  readonly isOurs: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const COLOURS = { ours: '#0b6bcb', reference: '#b7c0ca', ink: '#1f2933', soft: '#66727f', grid: '#e6eaee' } as const;
const FONT = 'system-ui, -apple-system, &quot;Segoe UI&quot;, &quot;DejaVu Sans&quot;, sans-serif';
const WIDTH = 860;
const LEFT = 190;
const RIGHT = 110;
const TOP = 78;
const ROW = 40;
const BAR = 13;
const CHART_HEIGHT = 300;
const TICKS = 5;
/** More numbers below a chart would run into each other. */
const MOST_NUMBERS = 12;

/** Bars side by side, a row for each chain; times in milliseconds. */
export function barPlot(title: string, note: string, rows: readonly Bars[]): string {
  const most = Math.max(...rows.flatMap(({ ours, reference }) => [ours, reference]));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const body = rows.map(({ name, ours, reference }, index) => {
    const y = TOP + index * ROW;
    const bar = (value: number, at: number, colour: string, more: string): string =>
      `<rect x="${LEFT}" y="${at}" width="${(value * scale).toFixed(1)}" height="${BAR}" rx="2" fill="${colour}"/>` +
      text(LEFT + value * scale + 6, at + BAR - 2, `${value.toFixed(1)} ms${more}`, COLOURS.soft, 11);
    return (
      text(LEFT - 10, y + BAR + 4, name, COLOURS.ink, 13, 'end') +
      bar(ours, y, COLOURS.ours, ` (×${(ours / reference).toFixed(2)})`) +
      bar(reference, y + BAR + 2, COLOURS.reference, '')
    );
  });
  return document(title, note, TOP + rows.length * ROW + 16, body.join('\n'));
}

/** Lines over a number of things, from zero; without a legend where they are not of the two suites. */
export function linePlot(title: string, note: string, lines: readonly Line[], hasLegend = true): string {
  const points = lines.flatMap((line) => line.points);
  const [mostX, mostY] = [Math.max(...points.map(([x]) => x)), Math.max(...points.map(([, y]) => y)) * 1.05];
  const at = ([x, y]: readonly [number, number]): readonly [number, number] => [
    LEFT + (x / mostX) * (WIDTH - LEFT - RIGHT),
    TOP + CHART_HEIGHT - (y / mostY) * CHART_HEIGHT,
  ];
  const parts: string[] = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    const value = (mostY * tick) / TICKS;
    const [x, y] = at([0, value]);
    parts.push(`<path d="M${x} ${y.toFixed(1)}H${WIDTH - RIGHT}" stroke="${COLOURS.grid}"/>`);
    parts.push(text(x - 10, y + 4, `${value.toFixed(0)} ms`, COLOURS.soft, 11, 'end'));
  }
  for (const x of numbersBelow(points.map(([value]) => value))) {
    parts.push(text(at([x, 0])[0], TOP + CHART_HEIGHT + 18, String(x), COLOURS.soft, 11, 'middle'));
  }
  for (const { name, isOurs, points: own } of lines) {
    const colour = isOurs ? COLOURS.ours : COLOURS.reference;
    const path = own.map(
      (point, index) =>
        `${index === 0 ? 'M' : 'L'}${at(point)
          .map((value) => value.toFixed(1))
          .join(' ')}`,
    );
    parts.push(`<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    const [x, y] = at(own.at(-1) ?? [0, 0]);
    parts.push(text(x + 8, y + 4, name, COLOURS.ink, 11));
  }
  return document(title, note, TOP + CHART_HEIGHT + 40, parts.join('\n'), hasLegend);
}

/** Where numbers stand below a chart: at all places, or at some of them that are equally far from each other. */
function numbersBelow(places: readonly number[]): readonly number[] {
  const all = [...new Set(places)];
  const step = Math.ceil(all.length / MOST_NUMBERS);
  return all.filter((_, index) => (all.length - 1 - index) % step === 0);
}

function document(title: string, note: string, height: number, body: string, hasLegend = true): string {
  const legend =
    `<rect x="${WIDTH - 250}" y="22" width="12" height="12" fill="${COLOURS.ours}"/>${text(WIDTH - 232, 33, 'cni-ts', COLOURS.ink, 12)}` +
    `<rect x="${WIDTH - 170}" y="22" width="12" height="12" fill="${COLOURS.reference}"/>${text(WIDTH - 152, 33, 'reference', COLOURS.ink, 12)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT}">
<rect width="100%" height="100%" fill="#ffffff"/>
${text(24, 34, title, COLOURS.ink, 17)}${text(24, 56, note, COLOURS.soft, 12)}${hasLegend ? legend : ''}
${body}
</svg>
`;
}

function text(x: number, y: number, content: string, colour: string, size: number, anchor = 'start'): string {
  const shown = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
  return `<text ${place} fill="${colour}" font-size="${size}">${shown}</text>`;
}
