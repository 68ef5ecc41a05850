import { CONF_FOLDER } from './cnitool.ts';
import type { Command } from './command.ts';
import { type Configurations, readConfigurations } from './doctor/configurations.ts';
import { type Cell, table } from './table.ts';

/** `cni networks`: what can be attached to. */
export const networks: Command = {
  usage: '[--json]',
  help: `Lists the networks that are configured: what "cni add" and the other verbs take as a network's name, in the order in
which runtimes look at the files. The first is what they take for a container that asks for none.

  --json  as a JSON document

The folder is ${CONF_FOLDER}, or NETCONFPATH. The exit status is 1 when a file cannot be read; "cni lint" says more.
`,
  options: { json: { type: 'boolean' } },
  async run({ values, environment, terminal }) {
    const folder = environment['NETCONFPATH'] || CONF_FOLDER;
    const found = await readConfigurations(folder);
    const rows = rowsOf(found);
    if (values['json'] === true) await terminal.out(`${JSON.stringify({ networks: rows }, null, 2)}\n`);
    else if (rows.length === 0) await terminal.out(`no networks in ${folder}\n`);
    else {
      const cells = rows.map((row): readonly Cell[] => {
        const name = row.isDefault ? { text: row.name, style: 'bold' as const } : row.name;
        return [name, row.plugins.join(' → '), row.cniVersion, row.file, row.isDefault ? 'runtimes take it' : ''];
      });
      await terminal.out(table(['NETWORK', 'PLUGINS', 'VERSION', 'FILE', ''], cells, terminal));
    }
    for (const { file, message } of found.unreadable) await terminal.err(`cni: ${file}: ${message}\n`);
    return found.unreadable.length === 0 ? 0 : 1;
  },
};

/** One configured network. */
interface Row {
  readonly name: string;
  readonly plugins: readonly string[];
  readonly cniVersion: string;
  readonly file: string;
  readonly isDefault: boolean;
}

function rowsOf({ documents, winner }: Configurations): readonly Row[] {
  return documents.map((document) => {
    const { name, cniVersion, file, entries } = document;
    return { name, plugins: entries.map(({ type }) => type), cniVersion, file, isDefault: document === winner };
  });
}
