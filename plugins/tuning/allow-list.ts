import { configError } from '../../pkg/config/config-error.ts';
import { readTextFile } from '../../pkg/sys/files/files.ts';
import type { Sysctl } from './sysctl.ts';

const FILE = '/etc/cni/tuning/allowlist.conf';

/**
 * Refuses settings that the node's administrator does not allow: each line of the file is an expression that a key may
 * match anywhere. Without the file everything is allowed.
 *
 * What counts is the key as it is written and also as it is carried out, so that no other spelling gets around a line.
 *
 * @throws {CniError} code 7, naming every setting that is refused
 */
export function refuseForbidden(sysctls: readonly Sysctl[]): void {
  const text = sysctls.length === 0 ? undefined : readTextFile(FILE);
  if (text === undefined) return;
  const lines: string[] = [];
  for (const line of text.split('\n')) if (line.trim() !== '') lines.push(line.trim());
  const allowed = lines.map(expression);
  const refused = sysctls.filter((sysctl) => !spellings(sysctl).every((names) => matchesAny(names, allowed)));
  const [first] = refused;
  if (first === undefined) return;
  const keys = refused.map(({ key }) => key);
  throw configError(
    `Sysctl ${first.key} is not allowed. Only the following sysctls are allowed: [${lines.join(' ')}]`,
    'sysctl',
    keys.join(', '),
    `only settings that ${FILE} of this node allows`,
  );
}

/** As it is written, and as it would be without needless separators, in either notation. */
function spellings({ key }: Sysctl): readonly (readonly string[])[] {
  const parts = key.split(/[./]/).filter((part) => part !== '');
  return [[key], [parts.join('.'), parts.join('/')]];
}

function matchesAny(names: readonly string[], allowed: readonly RegExp[]): boolean {
  return allowed.some((one) => names.some((name) => one.test(name)));
}

function expression(line: string): RegExp {
  try {
    return new RegExp(line);
  } catch {
    throw configError(`cannot read ${FILE}`, FILE, line, 'a regular expression on each line');
  }
}
