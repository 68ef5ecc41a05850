import { conflistSchema, confSchema } from '../../cli/schema/documents.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';

/** The files of conf/schema by their names: one of whole lists, one for each plugin. */
export async function schemaFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map([['conflist.json', textOf(await conflistSchema())]]);
  for (const name of PLUGIN_NAMES) files.set(`${name}.json`, textOf(await confSchema(name)));
  return files;
}

function textOf(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
