import { CniError, ErrorCode } from '../types/error.ts';
import { isUnusable, nftProblem } from './backend.ts';
import { FilterError, runFilter, type Site } from './program.ts';

/** A rule as nft lists it for people; reading that is much faster than reading its JSON. */
export interface ListedRule {
  readonly chain: string;
  /** The rule without comment and handle. */
  readonly text: string;
  readonly comment: string | undefined;
  readonly handle: number;
}

/**
 * The rules of a table; `undefined` when there is none.
 *
 * @throws {ProgramError} when nft is not installed
 */
export async function listTable(site: Site, family: 'ip' | 'ip6', table: string): Promise<ListedRule[] | undefined> {
  try {
    const output = await runFilter(site, ['nft', '-a', '-n', 'list', 'table', family, table]);
    // What is no listing would read as one without rules, and rules would be left for ever.
    if (output.startsWith(`table ${family} ${table} {`)) return parseListing(output);
    throw new CniError(
      ErrorCode.internal,
      `nft listed something else than table ${family} ${table}`,
      output.slice(0, 200),
    );
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.wasEnded) throw thrown;
    if (thrown.stderr.includes('No such file or directory')) return undefined;
    // Where nft cannot be used it has made no rules.
    if (!isUnusable(await nftProblem(site))) throw thrown;
    return undefined;
  }
}

const HANDLE = ' # handle ';
const COMMENT = ' comment "';

/** Reads what `nft -a list table` prints. */
export function parseListing(output: string): ListedRule[] {
  const rules: ListedRule[] = [];
  let chain = '';
  for (const raw of output.split('\n')) {
    const line = raw.trim();
    const end = line.lastIndexOf(HANDLE);
    const body = end < 0 ? line : line.slice(0, end);
    if (body.endsWith(' {')) {
      chain = body.startsWith('chain ') ? body.slice(6, -2) : '';
    } else if (end >= 0 && chain !== '') {
      const at = body.endsWith('"') ? body.lastIndexOf(COMMENT) : -1;
      const comment = at < 0 ? undefined : body.slice(at + COMMENT.length, -1);
      const text = at < 0 ? body : body.slice(0, at);
      rules.push({ chain, text, comment, handle: Number(line.slice(end + HANDLE.length)) });
    }
  }
  return rules;
}
