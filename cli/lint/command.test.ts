import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { listOf } from '../../test/lint/broken.ts';
import { UsageError } from '../command.ts';
import { lintCommand } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'lint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

async function call(positionals: readonly string[], values = {}) {
  const written = { out: '', err: '' };
  const terminal = {
    out: async (text: string) => {
      written.out += text;
    },
    err: async (text: string) => {
      written.err += text;
    },
    style: (_: string, text: string) => text,
  };
  const environment = { CNI_PATH: join(folder, 'no-plugins') };
  const status = await lintCommand.run({ positionals, values, environment, terminal, version: 'v' });
  return { status, ...written };
}

const good = put('10-good.conflist', listOf('    { "type": "loopback" }'));
const bad = put('20-bad.conflist', listOf('    { "type": "bridge", "mtu": "x" }').replace('"net"', '"other"'));
put('README', 'no configuration');

test('0 when nothing is wrong', async () => {
  expect(await call([good])).toEqual({ status: 0, out: '', err: 'nothing is wrong in 1 file\n' });
});

test('1 and where, for a folder with all its configurations', async () => {
  const { status, out, err } = await call([folder]);
  expect([status, err]).toEqual([1, '1 error in 2 files\n']);
  expect(out).toContain(`${bad}:5:32: error: found string "x", expected a whole number\n`);
});

test('the same as JSON', async () => {
  const { status, out } = await call([bad], { json: true });
  expect(status).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ findings: [{ file: bad, line: 5, key: 'plugins[0].mtu' }] });
});

test('notes alone are no reason to fail', async () => {
  const noted = put('30.conflist', listOf('    { "type": "bridge", "colour": 1 }'));
  expect(await call([noted])).toMatchObject({ status: 0, err: '1 note in 1 file\n' });
});

test.each([['/nowhere/x.conflist'], [join(folder, 'empty')]])('%s cannot be looked at', async (path) => {
  await expect(call([path])).rejects.toThrow(UsageError);
});
