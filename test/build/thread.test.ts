import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';

test('files are opened beside everything else, and whoever needs one waits for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'thread-'));
  const numbers = Array.from({ length: 12 }, (_, number) => String(number));
  for (const number of numbers) writeFileSync(join(folder, number), number);
  try {
    const printed = execFileSync(await driver('test/build/thread-driver.ts'), [folder], { encoding: 'utf8' });
    expect(printed.startsWith('told ')).toBe(true);
    const error = expect.stringContaining('missing: no such file or directory');
    expect(JSON.parse(printed.slice(5))).toEqual({ texts: numbers, early: '0', error });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
