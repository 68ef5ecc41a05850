import type { Style, Terminal } from './terminal.ts';

/** A cell of a table: a text, or one in a style. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** Lines of cells under headings, each column as wide as its widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[], terminal: Terminal): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => textOf(row[column] ?? '').length)),
  );
  const line = (cells: readonly Cell[], style?: Style): string =>
    cells
      .map((cell, column) => {
        const padding = column === cells.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - textOf(cell).length + 2);
        const own = typeof cell === 'string' ? style : cell.style;
        return (own === undefined ? textOf(cell) : terminal.style(own, textOf(cell))) + padding;
      })
      .join('')
      .trimEnd();
  return [line(headings, 'dim'), ...rows.map((row) => line(row))].map((text) => `${text}\n`).join('');
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
