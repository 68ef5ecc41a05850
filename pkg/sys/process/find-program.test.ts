import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findProgram, hasProgram } from './find-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'find-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

function script(...path: readonly string[]): void {
  mkdirSync(join(folder, ...path.slice(0, -1)), { recursive: true });
  writeFileSync(join(folder, ...path), '#!/bin/sh\n');
  chmodSync(join(folder, ...path), 0o755);
}

script('plugins', 'sh');
script('plugins', 'only-a-plugin');
script('first', 'sh');
mkdirSync(join(folder, 'links'));
symlinkSync(join(folder, 'plugins/sh'), join(folder, 'links/sh'));
symlinkSync(join(folder, 'plugins'), join(folder, 'other-name'));

test('the usual folders are searched even when PATH is bare', () => {
  expect(findProgram('sh', {})).toMatch(/bin\/sh$/);
  expect(findProgram('sh', { PATH: '/nowhere:.' })).toMatch(/bin\/sh$/);
  expect(findProgram('./x', {})).toBe('./x');
});

test.each(['plugins', 'links', 'other-name'])('a plugin is not taken for a program: PATH has %s first', (first) => {
  const CNI_PATH = `/nowhere::${folder}/plugins`;
  expect(findProgram('sh', { PATH: `${folder}/${first}`, CNI_PATH })).toMatch(/^\/(?:usr\/)?s?bin\/sh$/);
  expect(findProgram('sh', { PATH: `${folder}/${first}:${folder}/first`, CNI_PATH })).toBe(`${folder}/first/sh`);
});

test('where there is nothing but a plugin, it is named', () => {
  const environment = { PATH: `${folder}/plugins`, CNI_PATH: `${folder}/other-name` };
  expect(hasProgram('only-a-plugin', environment)).toBe(false);
  expect(() => findProgram('only-a-plugin', environment)).toThrow(
    `exec: "only-a-plugin": executable file not found in $PATH ` +
      `(${folder}/plugins/only-a-plugin is not run: it is a plugin, or in a folder of plugins)`,
  );
});
