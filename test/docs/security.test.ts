import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';

test('SECURITY.md names every variable of its own that the program obeys', () => {
  const folders = ['main.ts', 'world.ts', 'pkg', 'plugins', 'cli', 'runtime'];
  const source = execFileSync('grep', ['-rhoE', "\\['(CNI_TS_\\w+|DBUS_\\w+)'\\]", '--include=*.ts', ...folders], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const names = new Set([...source.matchAll(/\w{5,}/g)].map(([name]) => name));
  expect(names.size).toBeGreaterThan(4);
  const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const table = [...page.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name);
  for (const name of names) expect(table).toContain(name);
});
