import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ProgramError } from './error.ts';
import { runProcess, startProcess } from './process.ts';

test('input, both outputs and the status', async () => {
  const outcome = await runProcess({ argv: ['sh', '-c', 'cat; echo problem >&2; exit 3'], stdin: 'line\n' });
  expect(outcome).toEqual({ status: 3, signal: undefined, timedOut: false, stdout: 'line\n', stderr: 'problem\n' });
});

test('arguments are never seen by a shell', async () => {
  const { stdout } = await runProcess({ argv: ['printf', '%s|', '$HOME', 'a b', '`id`', ';'] });
  expect(stdout).toBe('$HOME|a b|`id`|;|');
});

test('texts are in English', async () => {
  expect((await runProcess({ argv: ['sh', '-c', 'echo $LC_ALL'] })).stdout).toBe('C\n');
  expect((await runProcess({ argv: ['sh', '-c', 'echo $LC_ALL'], environment: { LC_ALL: 'X' } })).stdout).toBe('X\n');
});

test('a time limit ends it, and leaves no zombie', async () => {
  const started = Date.now();
  const outcome = await runProcess({ argv: ['sh', '-c', 'echo $$; exec sleep 30'], timeoutMs: 200 });
  expect(Date.now() - started).toBeLessThan(5000);
  expect(outcome).toMatchObject({ status: undefined, signal: 'SIGKILL', timedOut: true });
  expect(existsSync(`/proc/${outcome.stdout.trim()}`)).toBe(false);
});

test('a grandchild that keeps the output open does not keep us', async () => {
  const started = Date.now();
  const outcome = await runProcess({ argv: ['sh', '-c', 'sleep 20 & echo $!'], timeoutMs: 300 });
  expect(Date.now() - started).toBeLessThan(5000);
  expect(outcome).toMatchObject({ status: 0, timedOut: false });
  process.kill(Number(outcome.stdout));
});

test('endless output ends in a kill', async () => {
  const outcome = await runProcess({ argv: ['yes'] });
  expect(outcome.signal).toBe('SIGKILL');
  expect(outcome.stdout.length).toBeLessThanOrEqual(16 * 1024 * 1024);
});

test('a program that does not read its input', async () => {
  const outcome = await runProcess({ argv: ['true'], stdin: 'x'.repeat(1_000_000) });
  expect(outcome.status).toBe(0);
});

test('a program that is missing', async () => {
  expect(() => startProcess({ argv: ['no-such-program'] })).toThrow(ProgramError);
  expect(() => startProcess({ argv: ['no-such-program'] })).toThrow(
    'exec: "no-such-program": executable file not found in $PATH',
  );
  await expect(runProcess({ argv: ['/no/such/program'] })).rejects.toThrow('no such file or directory');
  await expect(runProcess({ argv: ['/etc/passwd'] })).rejects.toThrow('permission denied');
});
