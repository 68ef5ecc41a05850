import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { overwriteFile, readExistingFile, readTextFile, writeFile, writeFileAtomically } from './files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file is replaced whole, with the mode asked for, and nothing else stays', () => {
  const path = `${folder}/state`;
  writeFileSync(path, 'old', { mode: 0o600 });
  writeFileAtomically(path, 'new', { mode: 0o666, sync: true });
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o666);
  expect(readdirSync(folder)).toEqual(['state']);
});

test('a failure leaves the old file and no temporary one', () => {
  mkdirSync(`${folder}/taken/x`, { recursive: true });
  expect(() => writeFileAtomically(`${folder}/taken`, 'new')).toThrow(`rename ${folder}/taken: is a directory`);
  expect(readdirSync(folder)).toEqual(['taken']);
  expect(() => writeFileAtomically(`${folder}/no/file`, 'x')).toThrow(
    `open ${folder}/no/file: no such file or directory`,
  );
});

test('a temporary name that is known is used again, whatever a crash has left under it', () => {
  const [path, temporary] = [`${folder}/state`, `${folder}/.state.tmp`];
  writeFileSync(temporary, 'half');
  writeFileAtomically(path, 'new', { temporary });
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['state']);
});

test('names as long as names can be', () => {
  writeFileAtomically(`${folder}/${'n'.repeat(255)}`, 'x');
  expect(readTextFile(`${folder}/${'n'.repeat(255)}`)).toBe('x');
});

test('reading', () => {
  expect(readTextFile(`${folder}/nothing`)).toBeUndefined();
  expect(() => readExistingFile(`${folder}/nothing`)).toThrow(`open ${folder}/nothing: no such file or directory`);
  expect(() => readTextFile(folder)).toThrow(`read ${folder}: is a directory`);
});

test('overwriting needs a file', () => {
  expect(() => overwriteFile(`${folder}/nothing`, '1')).toThrow(`open ${folder}/nothing: no such file or directory`);
  expect(readdirSync(folder)).toEqual([]);
});

test('a pipe in the place of a file is not waited for', () => {
  execFileSync('mkfifo', [`${folder}/pipe`]);
  expect(readTextFile(`${folder}/pipe`)).toBe('');
  expect(() => writeFile(`${folder}/pipe`, 'x')).toThrow(expect.objectContaining({ code: 'ENXIO' }));
});

test('a file that is written in place is not a link to another', () => {
  writeFileSync(`${folder}/precious`, 'old');
  symlinkSync(`${folder}/precious`, `${folder}/link`);
  expect(() => writeFile(`${folder}/link`, 'new')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  expect(readFileSync(`${folder}/precious`, 'utf8')).toBe('old');
});
