import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { archiveName } from '../../scripts/lib/archive.ts';
import { nativeArch } from '../../scripts/lib/engine.ts';
import { packageVersion, ROOT } from '../../scripts/lib/project.ts';

/** The folder of the built plugins. */
export const BIN = join(ROOT, 'dist/bin');

/** The release archive that belongs to {@link BIN}. */
export const ARCHIVE = join(ROOT, 'dist', archiveName(nativeArch(), packageVersion()));

if (!existsSync(join(BIN, 'cni'))) throw new Error('dist/bin/cni is missing: run "npm run build" first');

/** How a call of a built plugin ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-build-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Calls a built plugin with this environment and no other; VERSION unless it says otherwise. */
export async function call(
  file: string,
  environment: Readonly<Record<string, string>> = {},
  options: { readonly cwd?: string; readonly argv0?: string } = {},
): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await execa(file, [], {
    ...options,
    extendEnv: false,
    env: { CNI_COMMAND: 'VERSION', ...environment },
    stdin: 'ignore',
    reject: false,
    timeout: 30_000,
  });
  return { exitCode, stdout, stderr };
}
