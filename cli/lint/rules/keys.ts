import type { JsonNode } from '../../../pkg/json/tree.ts';
import type { LintDocument } from '../document.ts';
import type { Path, Problems } from '../finding.ts';

/** Keys that stand twice in one object; the last one counts, whatever the letter case. */
export function checkDuplicates({ tree, entries }: LintDocument, problems: Problems): void {
  // Keys of a list, and of what is nobody's configuration, are told apart by their letter case.
  const folding = entries.map(({ path }) => path);
  visit(tree, [], problems, (path) => folding.some((entry) => entry.every((part, index) => path[index] === part)));
}

function visit(node: JsonNode, path: Path, problems: Problems, folds: (path: Path) => boolean): void {
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) visit(item, [...path, index], problems, folds);
  }
  if (node.kind !== 'object') return;
  const seen = new Map<string, string>();
  for (const { key, value } of node.members) {
    const known = folds(path) ? key.toLowerCase() : key;
    const former = seen.get(known);
    if (former === key) {
      problems.error([...path, key], `the key "${key}" stands twice`, 'only the last one counts; remove one', 'key');
    } else if (former !== undefined) {
      const message = `"${former}" and "${key}" are the same key to plugins`;
      problems.warning([...path, key], message, 'which one counts depends on the spelling; remove one', 'key');
    }
    seen.set(known, key);
    // Sysctls and the like: names of the kernel, not keys of a configuration.
    visit(value, [...path, key], problems, (inner) => folds(inner) && inner.at(-1) !== 'sysctl');
  }
}
