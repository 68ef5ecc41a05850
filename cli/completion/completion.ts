import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { type Command, type CommandOptions, type ListedCommand, UsageError } from '../command.ts';
import { bashScript, type CompletedCommand, fishScript, zshScript } from './scripts.ts';

const SHELLS: Readonly<Record<string, (commands: readonly CompletedCommand[], plugins: readonly string[]) => string>> =
  {
    bash: bashScript,
    zsh: zshScript,
    fish: fishScript,
  };

/** `cni completion`: a script by which a shell completes these commands and their options. */
export function completionOf(commands: Readonly<Record<string, ListedCommand>>): Command {
  return {
    usage: 'bash|zsh|fish',
    help: `Prints a script by which a shell completes commands, options and namespaces:

  bash  cni completion bash > /etc/bash_completion.d/cni
  zsh   cni completion zsh > /usr/local/share/zsh/site-functions/_cni
  fish  cni completion fish > /etc/fish/completions/cni.fish
`,
    options: {},
    most: 1,
    async run({ positionals, terminal }) {
      const [shell = ''] = positionals;
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (script === undefined) throw new UsageError('needs the name of a shell: bash, zsh or fish');
      await terminal.out(script(await completedCommands(commands), PLUGIN_NAMES));
      return 0;
    },
  };
}

/** The commands as they are: a new one, or a new option, is completed without a word here. */
async function completedCommands(
  commands: Readonly<Record<string, ListedCommand>>,
): Promise<readonly CompletedCommand[]> {
  const completed: CompletedCommand[] = [
    { name: 'help', summary: 'explains a command or a plugin', options: [], netns: false },
  ];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const { options, usage } = await load();
    const all: CommandOptions = { ...options, help: { type: 'boolean', short: 'h' } };
    completed.push({
      name,
      summary,
      netns: usage.includes('<netns>'),
      options: Object.entries(all).map(([long, { type, short }]) => ({
        long,
        takesValue: type === 'string',
        ...(short === undefined ? {} : { short }),
      })),
    });
  }
  return completed;
}
