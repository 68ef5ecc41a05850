import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compile } from './compile.ts';
import { type EngineKind, nativeArch } from './engine.ts';
import { ROOT } from './project.ts';

/**
 * Makes an executable of a TypeScript file of this repository, for tests and benchmarks of what only the executable
 * has; gives its path.
 */
export async function driver(file: string, engine: EngineKind = 'hardened'): Promise<string> {
  const output = join(ROOT, 'dist/drivers', engine, basename(file, '.ts'));
  // The virtual machine finds what was made before it started: it is ten times slower.
  if (process.env['CNI_TS_GUEST'] !== undefined && existsSync(output)) return output;
  await compile({ entry: join(ROOT, file), arch: nativeArch(), engine, output });
  return output;
}
