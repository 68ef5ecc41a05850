import { keysOf } from '../config/help.ts';
import type { AnyPlugin } from './plugin.ts';

/** What a person who called the executable by hand is told, and on which stream. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Answers a call without CNI_COMMAND: `--version`, `--help`, else who this is and what it speaks. */
export async function answerPerson(plugin: AnyPlugin, argv: readonly string[], version: string): Promise<Answer> {
  if (argv.includes('--version') || argv.includes('-V')) {
    return { stdout: `CNI ${plugin.name} plugin ${version}\n`, stderr: '', exitCode: 0 };
  }
  if (argv.includes('--help') || argv.includes('-h')) {
    return { stdout: await pluginHelp(plugin, version), stderr: '', exitCode: 0 };
  }
  const about = `CNI ${plugin.name} plugin ${version}\nCNI protocol versions supported: ${plugin.versions.join(', ')}\n`;
  return { stdout: '', stderr: about, exitCode: 0 };
}

/** The help text of a plugin: what it does, how it is called, and its configuration keys from the schema. */
export async function pluginHelp(plugin: AnyPlugin, version: string): Promise<string> {
  const schema = plugin.config;
  const keys = schema === undefined ? [] : keysOf(schema);
  const width = Math.max(0, ...keys.map((key) => key.key.length));
  const lines = keys.map(({ key, type, text, fallback }) => {
    const otherwise = fallback === undefined ? '' : ` (default: ${fallback})`;
    return `  ${key.padEnd(width)}  ${text}${otherwise} [${type}]`;
  });
  return [
    `${plugin.name} – ${plugin.about}`,
    '',
    `CNI plugin of cni-ts ${version}, for configurations of version ${plugin.versions.join(', ')}.`,
    'A container runtime calls it: CNI_COMMAND and its companions in the environment, the configuration on stdin.',
    '',
    lines.length === 0 ? 'It has no configuration keys of its own.' : 'Configuration keys:',
    ...lines,
    '',
  ].join('\n');
}
