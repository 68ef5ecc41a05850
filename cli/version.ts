import type { Command } from './command.ts';

/** `cni version`. */
export const version: Command = {
  usage: '[--json]',
  help: 'Prints the version of this suite and the commit it was built from.\n\n  --json  as a JSON document\n',
  options: { json: { type: 'boolean' } },
  run: async ({ values, terminal, version }) => {
    await terminal.out(values['json'] === true ? `${JSON.stringify({ version })}\n` : `cni-ts ${version}\n`);
    return 0;
  },
};
