import type { LintDocument } from './document.ts';
import { readDocument } from './document.ts';
import { checkFileNames, checkNetworks } from './files.ts';
import { type Finding, Problems } from './finding.ts';
import { placed } from './place.ts';
import { checkGateways } from './rules/addresses.ts';
import { checkCapabilities } from './rules/capabilities.ts';
import { checkDuplicates } from './rules/keys.ts';
import { checkLinks } from './rules/names.ts';
import { checkNetwork } from './rules/network.ts';
import { checkInstalled, checkOrder } from './rules/order.ts';
import { checkPlugins } from './rules/plugins.ts';
import { checkTogether } from './rules/together.ts';

/** A file and what is in it. */
export interface LintInput {
  readonly file: string;
  readonly text: string;
}

/** Tells whether a plugin is on this node; `undefined` where that cannot be said. */
export type IsThere = ((type: string) => boolean) | undefined;

/** Everything that looks at one document by itself; one line each. */
const RULES: readonly ((document: LintDocument, problems: Problems, isThere: IsThere) => void | Promise<void>)[] = [
  checkNetwork,
  checkDuplicates,
  checkOrder,
  checkInstalled,
  checkCapabilities,
  checkPlugins,
  checkTogether,
  checkGateways,
  checkLinks,
];

/** What is wrong in some files, by themselves and beside each other, in the order of files and lines. */
export async function lint(inputs: readonly LintInput[], isThere?: IsThere): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const documents: LintDocument[] = [];
  for (const { file, text } of inputs) {
    const document = await readDocument(file, text);
    if ('raw' in document) documents.push(document);
    else findings.push(document);
  }
  for (const document of documents) {
    const problems = new Problems();
    checkFileNames(document, problems);
    for (const rule of RULES) await rule(document, problems, isThere);
    findings.push(...problems.found.map((problem) => placed(document, problem)));
  }
  findings.push(...checkNetworks(documents));
  return inOrder(withoutRepeats(findings), inputs);
}

/** Two rules may see the same; the worse one is told. */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ file, line, column, message }) => {
    const name = `${file}:${line}:${column}:${message}`;
    return !seen.has(name) && seen.add(name);
  });
}

function inOrder(findings: readonly Finding[], inputs: readonly LintInput[]): readonly Finding[] {
  const place = new Map(inputs.map(({ file }, index) => [file, index]));
  const at = ({ file }: Finding): number => place.get(file) ?? inputs.length;
  return [...findings].sort((a, b) => at(a) - at(b) || a.line - b.line || a.column - b.column);
}
