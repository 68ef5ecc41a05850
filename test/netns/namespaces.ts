import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** A throwaway namespace of a test. */
export interface TestNamespace {
  readonly name: string;
  readonly path: string;
  /** Runs `ip` inside and gives its stdout; throws when it fails. */
  ip(line: string): string;
  /** Runs lines as one batch inside, whatever becomes of them, and gives stderr. */
  complaints(...lines: string[]): string;
  /** Links, addresses, routes and rules, without what changes by itself. */
  state(): unknown;
  remove(): void;
}

/** Makes a network namespace with a name that nobody else has. */
export function makeNamespace(): TestNamespace {
  const name = `cnits-${randomBytes(5).toString('hex')}`;
  execFileSync('ip', ['netns', 'add', name]);
  const run = (...args: string[]): string =>
    execFileSync('ip', ['-n', name, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    name,
    path: `/run/netns/${name}`,
    ip: (line) => run(...line.split(' ')),
    complaints: (...lines) =>
      spawnSync('ip', ['-n', name, '-j', '-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' }).stderr,
    state: () => ({
      links: steady(run('-j', '-d', 'link', 'show')),
      addresses: steady(run('-j', '-d', 'addr', 'show')),
      routes: steady(run('-j', '-d', 'route', 'show', 'table', 'all')),
      routes6: steady(run('-j', '-d', '-6', 'route', 'show', 'table', 'all')),
      rules: steady(run('-j', 'rule', 'show')),
    }),
    remove: () => void spawnSync('ip', ['netns', 'del', name]),
  };
}

/** What counts time or traffic. */
const VOLATILE = /timer|age|_time$|^stats|^hello|^tcn_|^gc_|valid_life|preferred_life/;

function steady(text: string): unknown {
  return JSON.parse(text, (key, value) => (VOLATILE.test(key) ? undefined : value));
}
