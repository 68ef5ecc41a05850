import type { Style, Terminal } from '../terminal.ts';
import type { Finding, Severity } from './finding.ts';

const COLOURS: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', note: 'cyan' };

/** Longer lines are cut around what is meant. */
const WIDEST = 110;

/** Findings as a compiler shows them: the place, what is wrong, the line with a mark below, what to do. */
export function printFindings(findings: readonly Finding[], terminal: Pick<Terminal, 'style'>): string {
  return findings.map((finding) => `${printFinding(finding, terminal)}\n`).join('');
}

/** How many there are of each kind. */
export function summary(findings: readonly Finding[], files: number): string {
  const counts = (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return `${counts.length === 0 ? 'nothing is wrong' : counts.join(', ')} in ${files} ${files === 1 ? 'file' : 'files'}`;
}

function printFinding(finding: Finding, { style }: Pick<Terminal, 'style'>): string {
  const { file, line, column, severity, message, help } = finding;
  const { shown, offset } = excerpt(finding);
  const number = String(line);
  const margin = ' '.repeat(number.length);
  const before = shown.slice(0, offset).replace(/[^\t]/g, ' ');
  const mark = '^'.repeat(Math.max(1, Math.min(finding.length, shown.length - offset)));
  const lines = [
    `${style('bold', `${file}:${line}:${column}:`)} ${style(COLOURS[severity], `${severity}:`)} ${message}`,
    `  ${style('dim', `${number} |`)} ${shown}`,
    `  ${style('dim', `${margin} |`)} ${before}${style(COLOURS[severity], mark)}`,
  ];
  if (help !== '') lines.push(`  ${style('dim', `${margin} =`)} ${help}`);
  return lines.join('\n');
}

/** The part of a long line that matters, and where in it the mark belongs. */
function excerpt({ text, column }: Finding): { readonly shown: string; readonly offset: number } {
  if (text.length <= WIDEST) return { shown: text, offset: column - 1 };
  const start = Math.max(0, Math.min(column - 1 - WIDEST / 3, text.length - WIDEST));
  const from = Math.floor(start);
  return { shown: text.slice(from, from + WIDEST), offset: column - 1 - from };
}
