import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { type Command, UsageError } from '../command.ts';
import { conflistSchema, confSchema } from './documents.ts';

/** `cni schema`: what a configuration may have, for editors. */
export const schema: Command = {
  usage: '[PLUGIN]',
  help: `Prints the JSON Schema of a plugin's configuration, or of whole lists without a plugin, for editors to complete
and to check by. Plugins take keys in any letter case; an editor knows only the spelling of the schema.

plugins: ${PLUGIN_NAMES.join(', ')}

  --json  the same: a schema is JSON already
`,
  options: { json: { type: 'boolean' } },
  most: 1,
  run: async ({ positionals: [name], terminal }) => {
    const document = name === undefined ? await conflistSchema() : await confSchema(name);
    if (document === undefined)
      throw new UsageError(`there is no plugin "${name}"; they are ${PLUGIN_NAMES.join(', ')}`);
    await terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    return 0;
  },
};
