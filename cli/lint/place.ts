import { keyPath } from '../../pkg/config/fold-keys.ts';
import type { JsonNode, Member } from '../../pkg/json/tree.ts';
import type { Finding, Path, Problem } from './finding.ts';

/** A text whose values have places. */
export interface PlacedText {
  readonly file: string;
  readonly text: string;
  readonly tree: JsonNode;
}

/** A problem with its place; a key that is not there is shown as the object in which it is missing. */
export function placed({ file, text, tree }: PlacedText, problem: Problem): Finding {
  const { start, end } = spanOf(tree, problem.path, problem.at);
  const { severity, path, message, help } = problem;
  return { ...positionOf(text, start, end), file, severity, key: keyPath(path), message, help };
}

/** Line and column of a place, the line itself, and how much of it is meant. */
export function positionOf(
  text: string,
  start: number,
  end: number,
): Pick<Finding, 'line' | 'column' | 'length' | 'text'> {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const next = text.indexOf('\n', start);
  const lineEnd = next === -1 ? text.length : next;
  return {
    line: text.slice(0, lineStart).split('\n').length,
    column: start - lineStart + 1,
    length: Math.max(1, Math.min(end, lineEnd) - start),
    text: text.slice(lineStart, lineEnd).trimEnd(),
  };
}

/** The member with a key: as it is written, else in another letter case, the last one that is there. */
export function memberIn(node: JsonNode | undefined, key: string): Member | undefined {
  if (node?.kind !== 'object') return undefined;
  const lower = key.toLowerCase();
  return (
    node.members.findLast((member) => member.key === key) ??
    node.members.findLast((member) => member.key.toLowerCase() === lower)
  );
}

function spanOf(tree: JsonNode, path: Path, at: Problem['at']): { readonly start: number; readonly end: number } {
  let node = tree;
  let span: { readonly start: number; readonly end: number } = opening(tree);
  for (const [index, part] of path.entries()) {
    const member = typeof part === 'string' ? memberIn(node, part) : undefined;
    const inner = typeof part === 'number' && node.kind === 'list' ? node.items[part] : member?.value;
    if (inner === undefined) break;
    node = inner;
    const isKey = member !== undefined && at === 'key' && index === path.length - 1;
    span = isKey ? { start: member.keyStart, end: member.keyEnd } : opening(inner);
  }
  return span;
}

/** Of an object or a list only the bracket: the rest is many lines, and right. */
function opening(node: JsonNode): { readonly start: number; readonly end: number } {
  return node.kind === 'scalar' ? node : { start: node.start, end: node.start + 1 };
}
