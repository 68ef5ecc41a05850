// npm run schemas: writes conf/schema/*.json, what editors complete configurations by, from the plugins' own schemas.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { print } from './lib/print.ts';
import { ROOT } from './lib/project.ts';
import { schemaFiles } from './lib/schema-files.ts';

const folder = join(ROOT, 'conf', 'schema');
mkdirSync(folder, { recursive: true });
for (const [name, text] of await schemaFiles()) {
  writeFileSync(join(folder, name), text);
  print(`conf/schema/${name}`);
}
