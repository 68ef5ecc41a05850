import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { compile, SUITE } from './compile.ts';
import { nativeArch } from './engine.ts';
import { identifyBuild, ROOT } from './project.ts';

/** Makes the suite with an engine and a host that end at the first mistake with memory or arithmetic; gives its folder. */
export async function sanitizedPlugins(): Promise<string> {
  const folder = join(ROOT, 'dist/sanitized');
  const { version, commit } = await identifyBuild();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const executable = join(folder, 'cni');
  await compile({
    ...SUITE,
    define: {
      CNI_TS_VERSION: JSON.stringify(version),
      CNI_TS_COMMIT: JSON.stringify(commit),
    },
    arch: nativeArch(),
    engine: 'sanitized',
    output: executable,
  });
  for (const name of PLUGIN_NAMES) linkSync(executable, join(folder, name));
  return folder;
}
