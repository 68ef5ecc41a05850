import { thrownText } from '../errno.ts';
import { ProgramError } from './error.ts';
import type { Child, Exit } from './outcome.ts';

/** Starts a program with `node:child_process`: under Node, where the tests and the scripts run. */
export function startWithNode(
  path: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  stdin: string | Promise<string> | undefined,
): Child {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(path, argv.slice(1), {
    argv0: argv[0],
    env,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  // A program may end without having read its input.
  child.stdin?.on('error', () => {});
  if (typeof stdin === 'object') {
    stdin.then(
      (text) => child.stdin?.end(text),
      () => child.stdin?.end(),
    );
  } else child.stdin?.end(stdin);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.on('error', (error) => reject(new ProgramError(path, thrownText(error), error)));
    child.on('exit', (status, signal) => resolve({ status: status ?? undefined, signal: signal ?? undefined }));
  });
  return {
    exited,
    read(output, take) {
      const stream = child[output];
      return new Promise((resolve) => {
        stream?.on('data', take);
        stream?.on('close', resolve);
      });
    },
    kill: () => void child.kill('SIGKILL'),
    letGo() {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}
