import { fs } from '../../pkg/sys/files/files.ts';
import { type LintDocument, readDocument } from '../lint/document.ts';
import { LOADED } from '../lint/files.ts';
import type { Finding } from '../lint/finding.ts';

/** What runtimes find in their folder. */
export interface Configurations {
  /** Those that can be read, in the order in which runtimes look at them. */
  readonly documents: readonly LintDocument[];
  /** Why others cannot. */
  readonly unreadable: readonly Finding[];
  /** The one that runtimes take for a container that asks for none: the first that can be read. */
  readonly winner: LintDocument | undefined;
}

/** Reads the folder as runtimes do: files of certain names, in the order of these. */
export async function readConfigurations(folder: string): Promise<Configurations> {
  const documents: LintDocument[] = [];
  const unreadable: Finding[] = [];
  for (const name of namesIn(folder)) {
    const file = `${folder}/${name}`;
    const read = await readDocument(file, fs().readFileSync(file, 'utf8'));
    if ('raw' in read) documents.push(read);
    else unreadable.push(read);
  }
  // A loopback list is for runtimes that want one beside the network.
  const winner = documents.find(({ entries }) => entries.some(({ type }) => type !== '' && type !== 'loopback'));
  return { documents, unreadable, winner };
}

function namesIn(folder: string): readonly string[] {
  if (!fs().existsSync(folder)) return [];
  return fs()
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && LOADED.test(entry.name))
    .map(({ name }) => name)
    .sort();
}
