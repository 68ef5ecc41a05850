import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The repository's folder. */
export const ROOT = findRoot();

/** What the executable says about itself, and the time stamp of everything that is packed. */
export interface BuildIdentity {
  readonly version: string;
  /** Short commit, `-dirty` appended for a changed tree; `unknown` without git. */
  readonly commit: string;
  /** Seconds since the epoch: SOURCE_DATE_EPOCH, else the commit's time, else 0. */
  readonly time: number;
}

/** Reads a JSON file of the repository. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** The version in package.json. */
export function packageVersion(): string {
  return (readJson('package.json') as { version: string }).version;
}

/** Identifies the source in the working tree. */
export async function identifyBuild(): Promise<BuildIdentity> {
  // A fixed length: git's own choice grows with the number of objects, so it differs between clones.
  const commit = await git('rev-parse', '--short=12', 'HEAD');
  const changes = await git('status', '--porcelain');
  const commitTime = await git('log', '-1', '--format=%ct');
  return {
    version: packageVersion(),
    commit: commit === undefined ? 'unknown' : changes === '' ? commit : `${commit}-dirty`,
    time: Number(process.env['SOURCE_DATE_EPOCH'] ?? commitTime ?? 0),
  };
}

async function git(...args: string[]): Promise<string | undefined> {
  const { failed, stdout } = await execa('git', args, { cwd: ROOT, reject: false });
  return failed ? undefined : stdout;
}

// Scripts are bundled, so this file's own URL says little about where the repository is: look upwards.
function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package-lock.json'))) {
    if (folder === dirname(folder)) throw new Error('no package-lock.json in any folder above this script');
    folder = dirname(folder);
  }
  return folder;
}
