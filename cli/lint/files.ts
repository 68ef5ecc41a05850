import type { LintDocument } from './document.ts';
import { type Finding, Problems } from './finding.ts';
import { placed } from './place.ts';

/** The files that runtimes look at; all others in the folder are nothing to them. */
export const LOADED = /\.(?:conf|conflist|json)$/;

/** Whether the file's name says what is in it: runtimes go by that. */
export function checkFileNames({ file, isList }: LintDocument, problems: Problems): void {
  const extension = /\.[^./]*$/.exec(file)?.[0] ?? '';
  if (!LOADED.test(file)) {
    const help = `call it ….${isList ? 'conflist' : 'conf'} where a runtime is to load it`;
    problems.warning([], `runtimes ignore files called "${extension === '' ? file : `…${extension}`}"`, help);
  } else if (isList && extension !== '.conflist') {
    const message = `a list in a file called "…${extension}": runtimes look for one plugin in it and find no type`;
    problems.error(['plugins'], message, 'rename it to ….conflist', 'key');
  } else if (!isList && extension === '.conflist') {
    const help = 'write it as "plugins": [{ … }], or rename the file to ….conf';
    problems.error(['type'], 'no "plugins" in a file called "….conflist"', help, 'key');
  }
}

/** Networks of the same name in several files: their leases, records and rules are in one heap. */
export function checkNetworks(documents: readonly LintDocument[]): readonly Finding[] {
  const first = new Map<string, LintDocument>();
  return documents.flatMap((document) => {
    if (document.name === '' || !LOADED.test(document.file)) return [];
    const former = first.get(document.name);
    if (former === undefined) {
      first.set(document.name, document);
      return [];
    }
    const problems = new Problems();
    const message = `the network "${document.name}" is in ${former.file} too`;
    problems.warning(['name'], message, 'give one of them another name, or remove it');
    return problems.found.map((problem) => placed(document, problem));
  });
}
