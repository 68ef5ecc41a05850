import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { compile } from '../../scripts/lib/compile.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { nativeArch } from '../../scripts/lib/engine.ts';
import { ROOT } from '../../scripts/lib/project.ts';
import { temporaryFolder } from './support.ts';

const DRIVER = 'test/build/runtime-driver.ts';

function run(program: string, ...args: readonly string[]): Readonly<Record<string, unknown>> {
  const text = execFileSync(program, [...args, temporaryFolder()], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
  return JSON.parse(text);
}

test('what the executable gives the program is what Node gives it', async () => {
  const [ours, nodes] = [run(await driver(DRIVER)), run('node', 'scripts/run.mjs', DRIVER)];
  expect(Object.keys(ours).length).toBeGreaterThan(30);
  expect(ours).toEqual(nodes);
});

/** What a program does that consists of this text. */
async function ending(source: string) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'program.ts'), source);
  const output = join(folder, 'program');
  await compile({ entry: join(folder, 'program.ts'), arch: nativeArch(), output });
  const { exitCode, stdout, stderr } = await execa(output, { reject: false });
  return { exitCode, stdout, stderr };
}

test.each([
  ['ends by itself', 'process.stdout.write("done");', { exitCode: 0, stdout: 'done', stderr: '' }],
  ['says how it ends', 'setTimeout(() => process.exit(3), 5);', { exitCode: 3, stdout: '', stderr: '' }],
  ['throws', 'throw new TypeError("no good");', { exitCode: 1, stderr: expect.stringContaining('TypeError: no good') }],
  [
    'throws when its turn comes',
    'setTimeout(() => { throw new Error("late"); }, 1);',
    { exitCode: 1, stderr: expect.stringContaining('Error: late') },
  ],
  [
    'is failed by a promise that nobody looks after',
    'Promise.reject(new Error("alone")); setTimeout(() => {}, 1000);',
    { exitCode: 1, stderr: expect.stringContaining('Error: alone') },
  ],
  [
    'looks after a promise in time',
    'Promise.reject(new Error("x")).catch(() => process.stdout.write("caught"));',
    { exitCode: 0, stdout: 'caught' },
  ],
  [
    'waits for what can never come',
    'await new Promise(() => {});',
    { exitCode: 1, stderr: expect.stringContaining('nothing left to wait for') },
  ],
  [
    'goes too deep',
    'const deep = (n: number): number => 1 + deep(n); try { deep(1); } catch { process.stdout.write("came back"); }',
    { exitCode: 0, stdout: 'came back' },
  ],
  [
    'would make code of a text',
    'const said = []; for (const make of [() => (0, eval)("1"), () => new Function("return 1")()]) ' +
      'try { said.push(make()); } catch { said.push("refused"); } process.stdout.write(said.join());',
    { exitCode: 0, stdout: 'refused,refused' },
  ],
  [
    'calls what it is not given',
    'try { Native.libc("system"); } catch (thrown) { process.stdout.write(String(thrown)); }',
    { exitCode: 0, stdout: 'ReferenceError: there is no function system here' },
  ],
  [
    'names a file with a NUL',
    'process.stdout.write(String(Native.libc("open")("/dev/null\\0x", 0)));',
    { exitCode: 0, stdout: '-22' },
  ],
  [
    'is closed what every program has open',
    'process.stdout.write(String(Native.libc("fcntl")(0, 1)));',
    { exitCode: 0, stdout: '0' },
  ],
])('a program that %s', async (_, source, expected) => {
  expect(await ending(source)).toMatchObject(expected);
});
