import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { makeNamespace, type TestNamespace } from './namespaces.ts';
import type { Outcome, Request } from './native-forms-driver.ts';

/** Two namespaces in which one driver works. */
export interface Side {
  readonly driver: Request['driver'];
  readonly here: TestNamespace;
  readonly there: TestNamespace;
}

/** Which of the two. */
export type Where = 'here' | 'there';

/** What tests do with two sides, one for each driver. */
export interface Sides {
  /** The sides, once the tests run. */
  all(): readonly [native: Side, ip: Side];
  /** Runs the lines with both drivers, expects the same of every one, and gives the errors. */
  compare(where: Where, lines: readonly string[], together?: boolean): Promise<readonly (string | undefined)[]>;
  /** The same for lines that succeed. */
  succeed(where: Where, ...lines: readonly string[]): Promise<void>;
}

/** Two sides for the tests of a file. */
export function useSides(): Sides {
  let sides: readonly [native: Side, ip: Side];
  beforeAll(() => {
    sides = [makeSide('native'), makeSide('ip')];
  });
  afterAll(() => {
    for (const { here, there } of sides) {
      here.remove();
      there.remove();
    }
  });
  const all = (): typeof sides => sides;
  const compare: Sides['compare'] = (where, lines, together = false) => compareOn(sides, where, lines, together);
  return {
    all,
    compare,
    async succeed(where, ...lines) {
      const errors = await compare(where, lines);
      expect(errors.map((errno, index) => [lines[index], errno])).toEqual(lines.map((line) => [line, undefined]));
    },
  };
}

/** Two namespaces for a driver; whoever makes them removes them. */
export function makeSide(driver: Request['driver']): Side {
  const side = { driver, here: makeNamespace(), there: makeNamespace() };
  for (const { path } of [side.here, side.there]) {
    // Addresses that come by themselves have random bits, and come when they like.
    const quiet = 'echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode';
    execFileSync('nsenter', [`--net=${path}`, 'sh', '-c', quiet]);
  }
  return side;
}

const DRIVER = await driver('test/netns/native-forms-driver.ts');

/** Runs lines with a driver, as one run or each by itself; `@there` is the path of the other namespace. */
export function run(side: Side, where: Where, lines: readonly string[], together = false): readonly Outcome[] {
  const written = lines.map((line) => line.replace('@there', side.there.path).replace('@here', side.here.path));
  const runs = together ? [written] : written.map((line) => [line]);
  const request: Request = { driver: side.driver, runs: runs.map((one) => ({ path: side[where].path, lines: one })) };
  const answer = execFileSync(DRIVER, { input: JSON.stringify(request), encoding: 'utf8' });
  return (JSON.parse(answer) as Outcome[]).map((outcome, index) => ({ ...outcome, line: lines[index] ?? '' }));
}

/** What plugins look at; the native forms show no more than this. */
const KEYS = new Set([
  ...['ifindex', 'ifname', 'flags', 'mtu', 'operstate', 'txqlen', 'address', 'ifalias', 'master'],
  ...['link', 'link_index', 'link_netnsid', 'promiscuity', 'linkinfo', 'info_kind', 'info_data'],
  ...['info_slave_kind', 'info_slave_data', 'hairpin', 'isolated', 'state'],
  ...['addr_info', 'family', 'local', 'prefixlen', 'scope', 'label', 'broadcast', 'tentative', 'dadfailed', 'nodad'],
  ...['noprefixroute', 'dynamic'],
  ...['kind', 'handle', 'root', 'options', 'rate', 'burst_raw', 'limit'],
  ...['permaddr', 'parentbus', 'parentdev', 'vlans', 'vlan', 'vlanEnd'],
  ...['actions', 'mirred_action', 'direction', 'to_dev'],
  ...['priority', 'src', 'srclen', 'fwmark', 'iif', 'oif', 'table', 'metrics', 'advmss'],
  ...['type', 'dst', 'gateway', 'via', 'host', 'dev', 'protocol', 'prefsrc', 'metric'],
]);

/** The keys of a document that plugins look at. A link has a `broadcast` too, and only an address's is wanted. */
export function looked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(looked);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => KEYS.has(key) && !(key === 'broadcast' && 'ifname' in value));
  const kept = entries.filter(([key]) => {
    if (key === 'info_data') return 'info_kind' in value && isShown(value.info_kind);
    // Of bridges it is not looked at.
    if (key === 'priority') return 'src' in value;
    // A filter has one too, and only a route's is wanted.
    return key !== 'protocol' || !('pref' in value && 'kind' in value);
  });
  return Object.fromEntries(
    kept.map(([key, inside]) => [key, key === 'info_data' ? settings(inside) : looked(inside)]),
  );
}

/** Of other kinds no settings are shown. */
function isShown(kind: unknown): boolean {
  return ['bridge', 'ipvlan', 'macvlan', 'vlan', 'vrf'].includes(String(kind));
}

function settings(data: unknown): unknown {
  const entries = Object.entries(data ?? {}).filter(([key]) => ['vlan_filtering', 'mode', 'id', 'table'].includes(key));
  return Object.fromEntries(entries);
}

/** Everything that `ip` and `bridge` show of both namespaces of a side, without what is random or counts time. */
function state({ here, there }: Side): unknown {
  return [here, there].map(({ path }) => {
    const shown = [
      ['ip', '-j', '-d', 'addr', 'show'],
      ['ip', '-j', '-d', '-4', 'route', 'show', 'table', 'all'],
      ['ip', '-j', '-d', '-6', 'route', 'show', 'table', 'all'],
      ['bridge', '-j', '-d', 'link'],
      ['bridge', '-j', 'vlan', 'show'],
      ['tc', '-j', '-r', 'qdisc', 'show'],
      ['ip', '-j', 'rule', 'show'],
      ['ip', '-j', '-6', 'rule', 'show'],
    ].map((argv) => execFileSync('nsenter', [`--net=${path}`, ...argv], { encoding: 'utf8' }));
    return shown.map((text) => JSON.parse(withoutChance(text)));
  });
}

/** Ours begin with 02:00:00, the others the kernel made up; and which link is below which is known sooner or later. */
function withoutChance(text: string): string {
  return text
    .replaceAll('LOWERLAYERDOWN', 'DOWN')
    .replace(/"[^"]*_timer":[\d.]+,/g, '')
    .replace(/(?!0?2:0?0:0?0:)\b(?:[\da-f]{1,2}:){5}[\da-f]{1,2}/g, 'MAC');
}

/** Runs the lines with both drivers, expects the same of every one, and gives the errors. */
async function compareOn(
  sides: readonly [native: Side, ip: Side],
  where: Where,
  lines: readonly string[],
  together: boolean,
): Promise<readonly (string | undefined)[]> {
  const [native, ip] = sides.map((side) => run(side, where, lines, together));
  if (native === undefined || ip === undefined) throw new Error('both sides ran');
  expect(native.filter(({ known }) => !known).map(({ line }) => line)).toEqual([]);
  expect(native).toHaveLength(lines.length);
  const seen = (outcome: Outcome) => JSON.parse(withoutChance(JSON.stringify(outcome))) as Outcome;
  native.map(seen).forEach((outcome, index) => {
    const other = seen(ip[index] ?? outcome);
    expect([outcome.line, outcome.errno, outcome.output]).toEqual([other.line, other.errno, looked(other.output)]);
    expect(outcome.hint, outcome.line).toBe(other.hint);
  });
  // Either side may be the one of which the kernel has not said everything yet.
  await vi.waitFor(() => expect(state(sides[0])).toEqual(state(sides[1])), { timeout: 5000 });
  return native.map(({ errno }) => errno);
}

/** The kernel takes up to a second to say that a link has come up or gone down. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1200));
}
