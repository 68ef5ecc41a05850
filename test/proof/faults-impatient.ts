import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { ROOT } from '../../scripts/lib/project.ts';

const FOLDER = join(ROOT, `dist/drivers/impatient-plugins-${process.pid}`);

let folder: Promise<string> | undefined;

/** A folder with the plugins, which soon lose their patience: see impatient.ts. */
export function impatientFolder(): Promise<string> {
  folder ??= makeFolder();
  return folder;
}

/** Removes it. */
export function removeImpatientFolder(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

async function makeFolder(): Promise<string> {
  const executable = await driver('test/proof/impatient.ts');
  removeImpatientFolder();
  mkdirSync(FOLDER);
  for (const name of PLUGIN_NAMES) linkSync(executable, join(FOLDER, name));
  return FOLDER;
}
