import { parseArgs } from '@pkgjs/parseargs';
import { nearest } from '../pkg/config/typo.ts';
import { pluginHelp } from '../pkg/skel/person.ts';
import { PLUGIN_NAMES } from '../plugins/names.ts';
import { pluginNamed } from '../plugins/table.ts';
import { isAdministrator } from './administrator.ts';
import { type Command, type CommandCall, type CommandOptions, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { processTerminal, type Terminal } from './terminal.ts';

const HELP = { help: { type: 'boolean', short: 'h' } } as const;

/** The tool for people; returns its exit status: 0 done, 1 failed or found something, 2 called in a way it does not know. */
export async function runCli(argv: readonly string[], version: string): Promise<number> {
  const terminal = processTerminal(process.env);
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h') return overview(terminal);
  if (['--version', '-V', '-v'].includes(name)) return run('version', [], terminal, version);
  if (name === 'help') return help(rest, terminal, version);
  return run(name, rest, terminal, version);
}

async function run(name: string, argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const command = await commandNamed(name);
  if (command === undefined) return misused(terminal, `there is no command "${name}"${suggestion(name)}`);
  try {
    const { values, positionals } = parse(argv, command.options);
    if (values['help'] === true) return help([name], terminal, version);
    const surplus = positionals[command.most ?? 0];
    if (surplus !== undefined) throw new UsageError(`does not know what "${surplus}" is for`);
    if (command.needsRoot === true && !isAdministrator()) {
      await terminal.err(`cni: "cni ${name}" looks into the kernel and into containers: run it as root\n`);
      return 1;
    }
    return await command.run({ values, positionals, environment: process.env, terminal, version });
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return misused(terminal, `${thrown.message}\nusage: cni ${name} ${command.usage}`.trimEnd());
  }
}

function suggestion(name: string): string {
  const meant = nearest(name, [...Object.keys(COMMANDS), 'help']);
  return meant === undefined ? '; "cni help" lists them' : `; did you mean "${meant}"?`;
}

async function commandNamed(name: string): Promise<Command | undefined> {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]?.load() : undefined;
}

function parse(argv: readonly string[], options: CommandOptions): Pick<CommandCall, 'values' | 'positionals'> {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: { ...options, ...HELP } });
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

async function help([name]: readonly string[], terminal: Terminal, version: string): Promise<number> {
  if (name === undefined) return overview(terminal);
  const command = await commandNamed(name);
  if (command !== undefined) {
    await terminal.out(`usage: cni ${`${name} ${command.usage}`.trimEnd()}\n\n${command.help}`);
    return 0;
  }
  const plugin = pluginNamed(name);
  if (plugin === undefined) {
    return misused(terminal, `there is no command and no plugin "${name}"${suggestion(name)}`);
  }
  await terminal.out(await pluginHelp(plugin, version));
  return 0;
}

async function overview(terminal: Terminal): Promise<number> {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  const lines = [
    'usage: cni COMMAND …',
    '',
    ...commands,
    '',
    'cni help COMMAND  how it is called, and its options',
    'cni help PLUGIN   what a plugin does, and its configuration keys',
    '',
    `plugins: ${PLUGIN_NAMES.join(', ')}`,
  ];
  await terminal.out(`${lines.join('\n')}\n`);
  return 0;
}

async function misused(terminal: Terminal, why: string): Promise<number> {
  await terminal.err(`cni: ${why}\n`);
  return 2;
}
