import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entriesIn } from '../../pkg/sys/files/native.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { ROOT } from '../../scripts/lib/project.ts';
import type { Run } from './files-driver.ts';

const DRIVER = 'test/build/files-driver.ts';

let folder: string;
let throughLibc: Run;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'file-calls-'));
  throughLibc = run(await driver(DRIVER));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, ...args: readonly string[]): Run {
  const own = mkdtempSync(join(folder, 'run-'));
  return JSON.parse(execFileSync(program, [...args, own], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 24 })) as Run;
}

test('through libc and through node:fs everything comes out the same', () => {
  const throughNode = run('node', 'scripts/run.mjs', DRIVER);
  expect([throughLibc.way, throughNode.way]).toEqual(['libc', 'node']);
  expect(throughLibc.outcomes).toEqual(throughNode.outcomes);
});

test('what comes out is what was meant', () => {
  expect(throughLibc.outcomes).toMatchObject({
    'reading a file': 'Grüße, 世界 😀\r\n\u{feff}end',
    'reading nothing': 'done',
    'reading nothing that has to be there, in words': 'open …/nothing: no such file or directory',
    'reading a folder, in words': 'read …/full: is a directory',
    'reading a NUL': { errno: 'EINVAL' },
    'status of a folder': [true, false, 0o40750, true, true],
    'status of a file below a file': { errno: 'ENOTDIR', text: 'not a directory' },
    'list of a file': { errno: 'ENOTDIR', text: 'not a directory' },
    'list of a folder': [{ name: 'inside', isFolder: true }],
    'target of a link to a folder': 'full',
    'exclusive opening of nothing': 0o100640,
    'exclusive opening of a file': { errno: 'EEXIST', text: 'file exists' },
    'overwriting nothing, in words': 'open …/nothing: no such file or directory',
    'mode and text of nothing': [0o100640, 'short'],
    'what was written to nothing': [0o100646, 'Grüße, 世界 😀\r\n\u{feff}end'],
    'times of a file': true,
    'making all of a file': { errno: 'EEXIST', text: 'file exists' },
    'making all of a file below a file': { errno: 'ENOTDIR', text: 'not a directory' },
    'a long text': true,
    'no text': ['', '100600'],
    'bytes that are no text': '\u{feff}a��',
    'half of a character': 'a�',
    'folders in folders': ['40750', '40750', '40750'],
    'a folder that is not empty': { errno: 'ENOTEMPTY', text: 'directory not empty' },
    'a large file of the kernel': true,
    'a descriptor': [true, true, true],
    'close of no descriptor': { errno: 'EBADF', text: 'bad file descriptor' },
    'a full disk': { errno: 'ENOSPC', text: 'no space left on device' },
  });
  expect(throughLibc.outcomes['many names']).toHaveLength(2001);
});

test('the names in what the kernel writes of a folder', () => {
  const entry = (name: string, kind: number, length: number) => {
    const bytes = Buffer.alloc(length, 0xee);
    bytes.writeUInt16LE(length, 16);
    bytes.writeUInt8(kind, 18);
    bytes.write(`${name}\0`, 19);
    return bytes;
  };
  const bytes = Buffer.concat([entry('.', 4, 24), entry('..', 4, 24), entry('...', 0, 24), entry('ä', 10, 32)]);
  expect(entriesIn(bytes)).toEqual([
    { name: '...', kind: 0 },
    { name: 'ä', kind: 10 },
  ]);
});

test.each([0, 19, 200])(
  'a folder whose entry says that it has %i bytes is refused, and not read for ever',
  (length) => {
    const bytes = Buffer.alloc(32, 0x61);
    bytes.writeUInt16LE(length, 16);
    expect(() => entriesIn(bytes)).toThrow(`a folder's entry of ${length} bytes`);
  },
);
