import { execFileSync, spawnSync } from 'node:child_process';
import { NETWORK_STATE_SCRIPT, readNetworkState } from '../../scripts/lib/network-state.ts';
import { createNetns, type ThrowawayNetns } from '../../scripts/lib/throwaway.ts';

/** A namespace for tests of modules that run in the test's own process, and so need a path that this process sees. */
export interface TestNamespace extends ThrowawayNetns {
  /** Runs `ip` inside and gives its stdout; throws when it fails. */
  ip(line: string): string;
  /** Runs lines as one batch inside, whatever becomes of them, and gives stderr. */
  complaints(...lines: string[]): string;
  /** Links, addresses, routes and rules, without what changes by itself. */
  state(): readonly string[];
}

/** Makes a network namespace with a name that nobody else has. */
export function makeNamespace(): TestNamespace {
  const netns = createNetns('test');
  const run = (...argv: [string, ...string[]]): string =>
    execFileSync('nsenter', [`--net=${netns.path}`, ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    ...netns,
    ip: (line) => run('ip', ...line.split(' ')),
    complaints: (...lines) =>
      spawnSync('ip', ['-n', netns.name, '-j', '-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' })
        .stderr,
    state: () => readNetworkState(run('sh', '-c', NETWORK_STATE_SCRIPT)),
  };
}
