import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';
import { REAL } from '../../test/lint/real.ts';
import { lint } from './lint.ts';

const OURS = readdirSync(join(ROOT, 'conf')).filter((name) => name.endsWith('.conflist'));

test.each(Object.entries(REAL))('nothing is wrong with that of %s', async (_, { file, document, notes = [] }) => {
  const findings = await lint([{ file, text: JSON.stringify(document, null, 2) }]);
  expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual(
    notes.map((one) => `note: ${one}`),
  );
});

test.each(OURS)('nothing is wrong with conf/%s', async (file) => {
  expect(await lint([{ file, text: readFileSync(join(ROOT, 'conf', file), 'utf8') }])).toEqual([]);
});

test('there are enough of them', () => {
  expect(Object.keys(REAL).length).toBeGreaterThanOrEqual(15);
});
