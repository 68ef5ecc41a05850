import { execa } from 'execa';
import { type Arch, runs } from './engine.ts';

/** Throws unless the plugin answers VERSION, with nothing on stderr. */
export async function verifyExecutable(plugin: string, arch: Arch): Promise<void> {
  const { command, args } = runs(arch, plugin);
  const { stdout, stderr, exitCode } = await execa(command, args, {
    extendEnv: false,
    env: { CNI_COMMAND: 'VERSION' },
    reject: false,
  });
  if (exitCode !== 0 || stderr !== '' || !isVersionAnswer(stdout)) {
    throw new Error(`VERSION ends with ${exitCode}: ${JSON.stringify(stdout)} ${stderr}`);
  }
}

function isVersionAnswer(text: string): boolean {
  try {
    const answer = JSON.parse(text) as { cniVersion?: unknown; supportedVersions?: unknown };
    return typeof answer.cniVersion === 'string' && Array.isArray(answer.supportedVersions);
  } catch {
    return false;
  }
}
