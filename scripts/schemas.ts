// npm run schemas: writes dist/schema/*.json, what editors complete configurations by, as a build does.
import { join } from 'node:path';
import { print } from './lib/print.ts';
import { ROOT } from './lib/project.ts';
import { writeSchemas } from './lib/schema-files.ts';

await writeSchemas(join(ROOT, 'dist', 'schema'));
print('dist/schema');
