import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

const coloured = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

/** Colours a text when stdout is a terminal. */
export function style(name: Style, text: string): string {
  return coloured ? styleText(name, text) : text;
}

/** Prints one line. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Bytes as people read them: `104.2 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Milliseconds as seconds: `1.4 s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
