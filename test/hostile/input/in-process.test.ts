import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PLUGIN_NAMES } from '../../../plugins/names.ts';
import { driver } from '../../../scripts/lib/driver.ts';
import { ROOT } from '../../../scripts/lib/project.ts';
import { createHost, type Host } from '../../netns/harness/host.ts';
import { CHAINS, sceneFor } from '../../proof/faults-chains.ts';
import { bySize } from '../../proof/size.ts';
import type { HostileRun } from './case.ts';

/** The same seed makes the same cases: CNI_TS_PROOF_SEED. */
const SEED = Number(process.env['CNI_TS_PROOF_SEED'] ?? Date.now() % 1_000_000_007);
const [FIRST = 0, LAST = 0] = (process.env['CNI_TS_PROOF_CASES'] ?? `0-${bySize(3_000, 200_000)}`)
  .split('-')
  .map(Number);
/** Cases for one process: state that they leave behind does not grow for ever. */
const PIECE = 4_000;

const SCHEMAS = Object.fromEntries(
  PLUGIN_NAMES.map((name) => [name, JSON.parse(readFileSync(join(ROOT, `dist/schema/${name}.json`), 'utf8'))]),
);

interface Found {
  readonly violations: readonly string[];
  readonly answers: { readonly succeeded: number; readonly refused: number };
  readonly byPlugin: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

/** The files that real calls of all chains leave, with their containers attached. */
async function stateOf(host: Host): Promise<Readonly<Record<string, string>>> {
  for (const [index, chain] of CHAINS.entries()) {
    await chain.prepare?.(host);
    const last = chain.list.plugins.length - 1;
    const scene = await sceneFor(host, chain, last, `c${index}`).catch(() => undefined);
    // One may stand in the other's way, with its port or its bridge's address: what could be attached is enough.
    await scene?.succeed('ADD').catch(() => undefined);
  }
  const state: Record<string, string> = {};
  for (const folder of ['/run/cni-ts', '/run/cni', '/run/flannel', '/var/lib/cni']) {
    if (!existsSync(host.root + folder)) throw new Error(`nothing was left in ${folder}`);
    for (const name of readdirSync(host.root + folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, name);
      if (statSync(host.root + path).isFile()) state[path] = readFileSync(host.root + path, 'utf8');
    }
  }
  return state;
}

async function drive(first: number, last: number): Promise<Found> {
  const host = await createHost('hostile');
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-hostile-'));
  try {
    const state = await stateOf(host);
    expect(Object.keys(state).length).toBeGreaterThan(15);
    const pod = await host.addPod();
    const [progress, found] = [join(folder, 'progress'), join(folder, 'found')];
    const run: HostileRun = { seed: SEED, first, last, netns: pod.path, state, schemas: SCHEMAS, progress, found };
    const argv = [await driver('test/hostile/input/driver.ts')];
    const outcome = await host.run(argv, { stdin: JSON.stringify(run), timeoutMs: 280_000 });
    if (outcome.exitCode !== 0 || !existsSync(found)) {
      throw new Error(
        `case ${existsSync(progress) ? readFileSync(progress, 'utf8') : 'none'} of seed ${SEED} ended it: ${outcome.stderr.slice(-3000)}`,
      );
    }
    return JSON.parse(readFileSync(found, 'utf8')) as Found;
  } finally {
    rmSync(folder, { recursive: true });
    await host.dispose();
  }
}

test('generated calls of all plugins change nothing that they may not', async () => {
  console.log(`seed ${SEED}, cases ${FIRST} to ${LAST}`);
  const violations: string[] = [];
  let [succeeded, refused, slowestMs] = [0, 0, 0];
  const plugins = new Set<string>();
  for (let first = FIRST; first < LAST; first += PIECE) {
    const found = await drive(first, Math.min(first + PIECE, LAST));
    violations.push(...found.violations);
    succeeded += found.answers.succeeded;
    refused += found.answers.refused;
    slowestMs = Math.max(slowestMs, found.slowestMs);
    for (const name of Object.keys(found.byPlugin)) plugins.add(name);
  }
  console.log(
    `${succeeded} succeeded, ${refused} refused, ${plugins.size} plugins, slowest ${Math.round(slowestMs)} ms`,
  );
  expect(violations.join('\n'), `seed ${SEED}`).toBe('');
  if (LAST - FIRST < PIECE) return;
  expect(succeeded + refused).toBe(LAST - FIRST);
  // Calls that are all refused would prove little.
  expect(succeeded).toBeGreaterThan((LAST - FIRST) / 20);
});
