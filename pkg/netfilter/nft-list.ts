import { isObject } from '../json/decode.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { isUnusable, nftProblem } from './backend.ts';
import { FilterError, runFilter, type Site } from './program.ts';

/** A rule as `nft -j` lists it. */
export interface NftRule {
  readonly chain: string;
  readonly handle: number;
  readonly comment?: string;
  readonly expr: readonly NftStatement[];
}

/** A part of a rule; only those that are looked at. */
export interface NftStatement {
  readonly jump?: { readonly target: string };
  readonly goto?: { readonly target: string };
  readonly match?: { readonly op: string; readonly left: unknown; readonly right: unknown };
  readonly masquerade?: null;
  readonly return?: null;
  readonly drop?: null;
}

/**
 * The rules of a table or chain: `list chain inet cni_plugins_masquerade masq_checks`. `undefined` when there is none.
 *
 * @throws {ProgramError} when nft is not installed
 */
export async function listRules(
  site: Site,
  what: 'chain' | 'table',
  ...names: string[]
): Promise<NftRule[] | undefined> {
  try {
    return parseRules(await runFilter(site, ['nft', '-j', 'list', what, ...names]));
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.wasEnded) throw thrown;
    if (/No such file or directory/.test(thrown.stderr)) return undefined;
    // Where nft cannot be used it has made no rules.
    if (!isUnusable(await nftProblem(site))) throw thrown;
    return undefined;
  }
}

/**
 * The rules in what `nft -j` printed, listed or echoed.
 *
 * @throws {CniError} when it printed something else
 */
export function parseRules(output: string): NftRule[] {
  const rules: NftRule[] = [];
  for (const entry of entriesIn(output)) {
    const { rule, add } = isObject(entry) ? entry : {};
    const found = rule ?? (isObject(add) ? add['rule'] : undefined);
    if (isRule(found)) rules.push(found);
  }
  return rules;
}

/** What is no listing would read as one without rules, and rules would be left for ever. */
function entriesIn(output: string): readonly unknown[] {
  try {
    const document: unknown = JSON.parse(output);
    if (isObject(document) && Array.isArray(document['nftables'])) return document['nftables'];
  } catch {
    // It is none either.
  }
  throw new CniError(ErrorCode.internal, 'nft printed something else than rules', output.slice(0, 200));
}

function isRule(value: unknown): value is NftRule {
  if (!isObject(value)) return false;
  const { chain, handle, expr } = value;
  return typeof chain === 'string' && typeof handle === 'number' && Array.isArray(expr) && expr.every(isObject);
}
