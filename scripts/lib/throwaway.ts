import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** A network namespace that exists only as long as this process. */
export interface ThrowawayNetns {
  readonly name: string;
  readonly path: string;
  /** Removes it before this process ends; harmless a second time. */
  remove(): void;
}

const living = new Set<string>();

/** Whether the end of this process is watched for already. */
let watching = false;

/** Creates a network namespace with a random name; it is removed however this process ends, short of SIGKILL. */
export function createNetns(purpose: string): ThrowawayNetns {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
  if (!watching) removeAtExit();
  const name = `cni-ts-${purpose}-${randomBytes(4).toString('hex')}`;
  living.add(name);
  const { status, signal, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  // Ctrl-C meant this process too, and what it made is removed on its way out.
  if (signal === 'SIGINT') process.exit(130);
  if (status !== 0) throw new Error(`cannot create a network namespace: ${stderr.trim()}`);
  return { name, path: `/run/netns/${name}`, remove: () => remove(name) };
}

function remove(name: string): void {
  living.delete(name);
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
}

function removeAtExit(): void {
  watching = true;
  process.once('exit', () => living.forEach(remove));
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(status));
  }
}
