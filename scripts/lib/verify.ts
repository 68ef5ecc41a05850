import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** Variables that give a foreign script or program control when the executable is not sealed. */
function hostileEnvironments(folder: string): readonly Readonly<Record<string, string>>[] {
  return [
    {},
    { BUN_OPTIONS: `--preload ${join(folder, 'preload.js')}` },
    { BUN_BE_BUN: '1' },
    { BUN_BYTECODE_ORDER_OUT: join(folder, 'written') },
  ];
}

/** Throws unless the plugin answers VERSION, and answers the same whatever the runtime's variables ask for. */
export async function verifySealed(plugin: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-verify-'));
  const written = join(folder, 'written');
  try {
    writeFileSync(join(folder, 'preload.js'), `require('fs').writeFileSync(${JSON.stringify(written)}, '')`);
    for (const variables of hostileEnvironments(folder)) {
      const [name = 'no variable of the runtime'] = Object.keys(variables);
      const { stdout, stderr, exitCode } = await execa(plugin, [], {
        cwd: folder,
        extendEnv: false,
        env: { CNI_COMMAND: 'VERSION', ...variables },
        reject: false,
      });
      if (exitCode !== 0 || stderr !== '' || !isVersionAnswer(stdout)) {
        throw new Error(`with ${name} set, VERSION ends with ${exitCode}: ${JSON.stringify(stdout)} ${stderr}`);
      }
      if (existsSync(written)) throw new Error(`the runtime still obeys ${name}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Throws unless the engine itself says that it starts with the defaults that the build gave it. */
export async function verifyTuned(plugin: string): Promise<void> {
  const env = { CNI_COMMAND: 'VERSION', BUN_JSC_dumpOptions: '2' };
  const { all } = await execa(plugin, [], { extendEnv: false, env, all: true });
  if (!all.includes('useWarmUpMarkedBlocks=false')) throw new Error('the engine still warms up memory in a thread');
}

function isVersionAnswer(text: string): boolean {
  try {
    const answer = JSON.parse(text) as { cniVersion?: unknown; supportedVersions?: unknown };
    return typeof answer.cniVersion === 'string' && Array.isArray(answer.supportedVersions);
  } catch {
    return false;
  }
}
