import type { Environment } from '../pkg/skel/plugin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';

/** What a piece of text is, for whoever sees colours. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Where a command of the tool writes. */
export interface Terminal {
  /** What the command was asked for. */
  out(text: string): Promise<void>;
  /** What a person should know besides: warnings, progress, what went wrong. */
  err(text: string): Promise<void>;
  /** The text in a style on a terminal, as it is anywhere else. */
  style(style: Style, text: string): string;
}

/** The terminal of this process; colours only where somebody sees them and has not asked for none (NO_COLOR). */
export function processTerminal(environment: Environment): Terminal {
  const { isatty } = process.getBuiltinModule('node:tty');
  const { styleText } = process.getBuiltinModule('node:util');
  const colours = isatty(1) && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  return {
    out: (text) => writeOut('stdout', text),
    err: (text) => writeOut('stderr', text),
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** A text from outside without what a terminal or a shell would obey: line breaks, escape sequences. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** How people call a pod. */
export function podText(pod: { readonly namespace: string; readonly name: string } | undefined): string {
  return pod === undefined ? '' : plain(`${pod.namespace}/${pod.name}`);
}
