import { answerPerson } from './pkg/skel/person.ts';
import type { AnyPlugin } from './pkg/skel/plugin.ts';
import { respond } from './pkg/skel/respond.ts';
import { writeOut } from './pkg/sys/files/write-out.ts';
import { PLUGIN_NAMES } from './plugins/names.ts';
import { pluginNamed } from './plugins/table.ts';
import { host } from './runtime/host.ts';
import { createWorld } from './world.ts';

const version = () => `v${CNI_TS_VERSION} (commit ${CNI_TS_COMMIT})`;

/** The name this executable was called by picks the plugin or the tool for people. */
async function main(): Promise<number> {
  const name = process.argv0.slice(process.argv0.lastIndexOf('/') + 1);
  const argv = process.argv.slice(2);
  const plugin = pluginNamed(name);
  if (plugin !== undefined) return runPlugin(plugin, argv);
  if (name === 'cni' || name === 'cni-ts') {
    const { runCli } = host.load('cli.js') as typeof import('./cli/cli.ts');
    return runCli(argv, version());
  }
  if (name === 'cnitool') {
    const { runCnitool } = host.load('cnitool-name.js') as typeof import('./cli/cnitool-name.ts');
    return runCnitool(argv);
  }
  const known = ['cni', 'cni-ts', 'cnitool', ...PLUGIN_NAMES].join(', ');
  await writeOut('stderr', `cni-ts: called as "${name}", which is none of its names: ${known}\n`);
  return 1;
}

async function runPlugin(plugin: AnyPlugin, argv: readonly string[]): Promise<number> {
  if (argv[0] === 'daemon' && plugin.daemon !== undefined) return plugin.daemon(argv.slice(1));
  if ((process.env['CNI_COMMAND'] ?? '') === '') {
    const answer = await answerPerson(plugin, argv, version());
    await writeOut('stderr', answer.stderr);
    await writeOut('stdout', answer.stdout);
    return answer.exitCode;
  }
  const response = await respond(plugin, createWorld());
  try {
    await writeOut('stdout', response.stdout);
  } catch {
    // Nobody will ever hear of this attachment, so it must not stay.
    await response.rollBack();
    return 1;
  }
  return response.exitCode;
}

// Leaving at once spares the teardown. A rejection is told by the executable's host, with a status of 1.
host.setProgram(async () => process.exit(await main()));
