import { parseArgs } from '@pkgjs/parseargs';
import { pluginHelp } from '../pkg/skel/person.ts';
import { writeOut } from '../pkg/sys/write-out.ts';
import { PLUGIN_NAMES } from '../plugins/names.ts';
import { pluginNamed } from '../plugins/table.ts';

const USAGE = `usage: cni [--help] [--version]
       cni help [PLUGIN]   what a plugin does, and its configuration keys
       cni version         the version of this suite
       cni reload-rules    makes the filter rules of all living attachments again, after a flush or reload of the host's
`;

/** The tool for people; returns its exit status: 0 done, 2 called in a way it does not know. */
export async function runCli(argv: readonly string[], version: string): Promise<number> {
  const parsed = parse(argv);
  if (typeof parsed === 'string') return misused(parsed);
  const [command, ...rest] = parsed.positionals;
  if (parsed.values.version === true || command === 'version') {
    await writeOut('stdout', `cni-ts ${version}\n`);
    return 0;
  }
  if (command === undefined || command === 'help') return help(rest, version);
  if (command === 'reload-rules') return (await import('./reload-rules.ts')).reloadRules(process.env);
  return misused(`there is no command "${command}"`);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
    });
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

async function help([name]: readonly string[], version: string): Promise<number> {
  if (name === undefined) {
    await writeOut('stdout', `${USAGE}\nplugins: ${PLUGIN_NAMES.join(', ')}\n`);
    return 0;
  }
  const plugin = pluginNamed(name);
  if (plugin === undefined) return misused(`there is no plugin "${name}"; there are: ${PLUGIN_NAMES.join(', ')}`);
  await writeOut('stdout', await pluginHelp(plugin, version));
  return 0;
}

async function misused(why: string): Promise<number> {
  await writeOut('stderr', `cni: ${why}\n${USAGE}`);
  return 2;
}
