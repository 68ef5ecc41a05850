import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** A network namespace that exists only as long as this process. */
export interface ThrowawayNetns {
  readonly name: string;
  readonly path: string;
}

const living = new Set<string>();

/** Creates a network namespace with a random name; it is removed however this process ends, short of SIGKILL. */
export function createNetns(purpose: string): ThrowawayNetns {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
  if (living.size === 0) removeAtExit();
  const name = `cni-ts-${purpose}-${randomBytes(4).toString('hex')}`;
  living.add(name);
  const { status, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot create a network namespace: ${stderr.trim()}`);
  return { name, path: `/run/netns/${name}` };
}

function removeAtExit(): void {
  process.once('exit', () => {
    for (const name of living) spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  });
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(status));
  }
}
