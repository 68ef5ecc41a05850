import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_STDIN_BYTES } from '../../pkg/sys/files/stdin.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { ROOT } from '../../scripts/lib/project.ts';
import { anyEnvironment, anyStdin } from '../protocol/any-call.ts';
import { errorDocument, expectProtocol } from '../protocol/expect-outcome.ts';

const LONGEST_MS = 2000;
const MOST_BYTES = 100 * 1024 * 1024;
const PROGRAM = join(ROOT, 'dist/bin/loopback');

interface Call {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Uint8Array;
}

interface Measured {
  readonly exitCode: number;
  readonly stdout: string;
  readonly ms: number;
  readonly peakBytes: number;
}

/** Puts calls to the executable, one after another, each with its time and its peak memory. */
async function measure(calls: readonly Call[]): Promise<readonly Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-fuzz-'));
  try {
    calls.forEach(({ environment, stdin }, index) => {
      writeFileSync(join(folder, `${index}.json`), JSON.stringify(environment));
      writeFileSync(join(folder, `${index}.stdin`), stdin);
    });
    const caller = await driver('test/fuzz/measured-calls.ts');
    const { stdout } = await execa(caller, [PROGRAM, folder, `${calls.length}`], { lines: true });
    return stdout.map((line) => JSON.parse(line) as Measured);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function expectBounded({ exitCode, stdout, ms, peakBytes }: Measured): void {
  expectProtocol({ exitCode, stdout });
  expect(ms).toBeLessThan(LONGEST_MS);
  expect(peakBytes).toBeLessThan(MOST_BYTES);
  // In bytes, not in kilobytes: no run takes less.
  expect(peakBytes).toBeGreaterThan(1024 * 1024);
}

test('500 generated calls end in success or one error document, bounded in time and memory', async () => {
  // A NUL cannot be in an environment; everything else can.
  const environment = anyEnvironment.filter((given) => !Object.values(given).some((value) => value?.includes('\0')));
  const samples = fc.sample(fc.tuple(environment, anyStdin), 500);
  const calls = samples.map(([given, stdin]) => ({ environment: given, stdin: new TextEncoder().encode(stdin) }));
  const outcomes = await measure(calls);
  expect(outcomes).toHaveLength(500);
  outcomes.forEach((outcome, index) => {
    try {
      expectBounded(outcome);
    } catch (thrown) {
      throw new Error(`call ${JSON.stringify(samples[index])}`, { cause: thrown });
    }
  });
});

test('bytes that are no UTF-8', async () => {
  const bytes = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), 60);
  const environment = { CNI_COMMAND: 'STATUS', CNI_PATH: '/x' };
  for (const outcome of await measure(bytes.map((stdin) => ({ environment, stdin })))) expectBounded(outcome);
});

const MEGABYTE = 1024 * 1024;
const head = '{"cniVersion":"1.0.0","name":"n","type":"loopback","a":';
const LARGE: readonly (readonly [name: string, stdin: string, refused: RegExp])[] = [
  ['a text that fills what stdin may have', `${head}"${'x'.repeat(MAX_STDIN_BYTES - head.length - 3)}"}`, /Statfs/],
  ['more than stdin may have', `${head}"${'x'.repeat(MAX_STDIN_BYTES)}"}`, /more than 8388608 bytes/],
  ['far more', `${head}"${'x'.repeat(5 * MAX_STDIN_BYTES)}"}`, /more than 8388608 bytes/],
  ['3 MB of brackets', '['.repeat(3 * MEGABYTE), /nested deeper than 1000/],
  ['a syntax error behind 5 MB', `${head}"${'x'.repeat(5 * MEGABYTE)}" 1}`, /expected "," or "}"/],
  ['a list of a million numbers', `${head}[${'1,'.repeat(1e6)}1]}`, /more than 200000 values/],
  ['8 MB of empty lists', `${head}[${'[],'.repeat(2.7e6)}1]}`, /more than 200000 values/],
  ['a list of 250,000 objects', `${head}[${'{"a":{}},'.repeat(250_000)}1]}`, /more than 200000 values/],
  ['a syntax error behind 7 MB of line breaks', `${head}${'\n'.repeat(7 * MEGABYTE)}x}`, /line 7340033, column 1/],
  ['199,000 texts', `${head}[${'"x",'.repeat(199_000)}1]}`, /Statfs/],
  ['199,000 keys', `${head}1,${Array.from({ length: 199_000 }, (_, key) => `"k${key}":1`).join()}}`, /Statfs/],
  [
    '20,000 routes',
    `${head}1,"prevResult":{"routes":[${'{"dst":"1.0.0.0/8"},'.repeat(2e4)}{"dst":"::/0"}]}}`,
    /Statfs/,
  ],
];

test.each(LARGE)('%s', async (_, stdin, refused) => {
  const environment = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c', CNI_NETNS: '/nope', CNI_IFNAME: 'e', CNI_PATH: '/x' };
  const [outcome] = await measure([{ environment, stdin: new TextEncoder().encode(stdin) }]);
  if (outcome === undefined) throw new Error('no outcome');
  expectBounded(outcome);
  expect(errorDocument(outcome)['msg']).toMatch(refused);
});
