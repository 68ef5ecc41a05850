import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflistSchema, confSchema } from '../../cli/schema/documents.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';

/** What editors complete configurations by, by the files' names: one of whole lists, one for each plugin. */
export async function schemaFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map([['conflist.json', textOf(await conflistSchema())]]);
  for (const name of PLUGIN_NAMES) files.set(`${name}.json`, textOf(await confSchema(name)));
  return files;
}

/** Writes them, and nothing else, to a folder. */
export async function writeSchemas(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await schemaFiles()) writeFileSync(join(folder, name), text);
}

function textOf(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
