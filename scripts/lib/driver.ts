import { basename, join } from 'node:path';
import { compile } from './compile.ts';
import { nativeArch } from './engine.ts';
import { ROOT } from './project.ts';

/**
 * Makes an executable of a TypeScript file of this repository, for tests and benchmarks of what only the executable
 * has; gives its path.
 */
export async function driver(file: string): Promise<string> {
  const output = join(ROOT, 'dist/drivers', basename(file, '.ts'));
  await compile({ entry: join(ROOT, file), arch: nativeArch(), output });
  return output;
}
