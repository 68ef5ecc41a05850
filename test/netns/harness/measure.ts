import { join } from 'node:path';
import { ROOT } from '../../../scripts/lib/project.ts';
import { driverOfTests } from './drivers.ts';
import { type Outcome, PATH, type Place } from './place.ts';

/** A program to be timed. */
export interface TimedRun {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

const STOPWATCH = join(ROOT, 'test/netns/harness/stopwatch.mjs');

/**
 * Runs programs one after another with exact times: from fork to end, without the two to four milliseconds of `nsenter`
 * that are in the times of {@link Place.run}.
 *
 * @example
 * const add = { argv: [join(BUILT_PLUGINS, 'loopback')], env: pluginEnvironment(call), stdin: JSON.stringify(conf) };
 * const outcomes = await measure(host, Array.from({ length: 50 }, () => add));
 */
export async function measure(place: Place, runs: readonly TimedRun[]): Promise<readonly Outcome[]> {
  const requests = runs.map(({ argv, env = {}, stdin = '' }) => ({
    argv,
    env: { PATH, ...driverOfTests(), ...env },
    stdin,
  }));
  const argv = [process.execPath, STOPWATCH];
  const { exitCode, stdout, stderr } = await place.run(argv, { stdin: JSON.stringify(requests), timeoutMs: 300_000 });
  if (exitCode !== 0) throw new Error(`the stopwatch ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}
