import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { ROOT } from '../../scripts/lib/project.ts';

let folder: Promise<string> | undefined;

/** A folder with the plugins, which soon lose their patience: see impatient.ts. */
export function impatientFolder(): Promise<string> {
  folder ??= makeFolder();
  return folder;
}

async function makeFolder(): Promise<string> {
  const executable = await driver('test/proof/impatient.ts');
  const made = join(ROOT, `dist/drivers/impatient-plugins-${process.pid}`);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made);
  for (const name of PLUGIN_NAMES) linkSync(executable, join(made, name));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
