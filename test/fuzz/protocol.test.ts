import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loopback } from '../../plugins/loopback/plugin.ts';
import { anyEnvironment, anyStdin } from '../protocol/any-call.ts';
import { expectProtocol } from '../protocol/expect-outcome.ts';
import { fakePluginWithKeys } from '../protocol/fake-plugin.ts';
import { callInProcess } from '../protocol/in-process.ts';

const CALLS = 50_000;
const PLUGINS = [loopback, fakePluginWithKeys().plugin];

test(`${CALLS} generated calls end in success or one error document`, async () => {
  let slowest = 0;
  let calls = 0;
  let succeeded = 0;
  await fc.assert(
    fc.asyncProperty(anyEnvironment, anyStdin, fc.constantFrom(...PLUGINS), async (environment, stdin, plugin) => {
      const started = performance.now();
      const outcome = await callInProcess(environment, stdin, plugin);
      slowest = Math.max(slowest, performance.now() - started);
      calls += 1;
      if (outcome.exitCode === 0) succeeded += 1;
      expectProtocol(outcome);
    }),
    { numRuns: CALLS },
  );
  expect(calls).toBe(CALLS);
  // A generator that only ever made refused calls would prove little.
  expect(succeeded).toBeGreaterThan(CALLS / 20);
  expect(slowest).toBeLessThan(2000);
  expect(Object.keys(Object.prototype)).toEqual([]);
}, 120_000);

const MEGABYTE = 1024 * 1024;
const LARGE: readonly (readonly [string, string])[] = [
  ['a list of a million numbers', `{"name":"n","cniVersion":"1.0.0","a":[${'1,'.repeat(1e6)}1]}`],
  ['a text of 7 MB', `{"name":"n","cniVersion":"1.0.0","a":"${'x'.repeat(7 * MEGABYTE)}"}`],
  ['a syntax error behind 5 MB', `{"name":"n","a":"${'\\n'.repeat(2.5 * MEGABYTE)}" x}`],
  ['3 MB of brackets', '['.repeat(3 * MEGABYTE)],
  [
    '100,000 keys',
    `{"name":"n","cniVersion":"1.0.0",${Array.from({ length: 1e5 }, (_, key) => `"k${key}":1`).join()}}`,
  ],
  [
    '100,000 routes in prevResult',
    `{"name":"n","cniVersion":"1.0.0","prevResult":{"routes":[${'{"dst":"10.0.0.0/8"},'.repeat(1e5)}{"dst":"0.0.0.0/0"}]}}`,
  ],
];

test.each(LARGE)('%s', async (_, stdin) => {
  const environment = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c', CNI_NETNS: '/nope', CNI_IFNAME: 'e', CNI_PATH: '/x' };
  for (const plugin of PLUGINS) {
    const started = performance.now();
    expectProtocol(await callInProcess(environment, stdin, plugin));
    expect(performance.now() - started).toBeLessThan(2000);
  }
});
