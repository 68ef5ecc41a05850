// Runs programs one after another and prints how each ended and how long it took: on stdin a list of requests, on stdout
// a list of outcomes. It runs inside a host, so that what it measures has no nsenter in it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @type {{ argv: [string, ...string[]], env: Record<string, string>, stdin: string }[]} */
const requests = JSON.parse(readFileSync(0, 'utf8'));
const outcomes = requests.map(({ argv: [program, ...args], env, stdin }) => {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: '/', env, input: stdin, encoding: 'utf8' });
  const ms = performance.now() - started;
  return { exitCode: status ?? undefined, stdout: stdout ?? '', stderr: `${stderr ?? ''}${error ?? ''}`, ms };
});
process.stdout.write(JSON.stringify(outcomes));
