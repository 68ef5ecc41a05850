import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import { bySize } from '../../proof/size.ts';
import type { Outcome } from './run.ts';
import { type CodecRun, TARGETS } from './targets.ts';

/** What inputs are read by. */
export interface Engine {
  readonly name: string;
  /** How many each target gets. */
  readonly inputs: number;
  /** Starts the driver, whose arguments follow. */
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** How many times the usual it may take; 1 without. */
  readonly slower?: number;
}

/** The same seed makes the same inputs: CNI_TS_PROOF_SEED. */
const SEED = Number(process.env['CNI_TS_PROOF_SEED'] ?? Date.now() % 1_000_000_007);
/** The inputs of each target: CNI_TS_PROOF_CASES=17-18 is one of them. */
const CASES = process.env['CNI_TS_PROOF_CASES'];
/** Only targets with this in their names: CNI_TS_PROOF_ONLY=dhcp. */
const ONLY = process.env['CNI_TS_PROOF_ONLY'] ?? '';

/** The driver, as a file of this repository. */
export const DRIVER = 'test/fuzz/codecs/driver.ts';

/** A reader that never ends is ended. */
const TIMEOUT_MS = bySize(100_000, 3_600_000);

type Found = Outcome & { readonly name: string; readonly seconds: number };

/** Every reader understands or refuses whatever it is given, in bounded time and memory. */
export async function expectAllToHold({ name, inputs, argv, environment = {}, slower = 1 }: Engine): Promise<void> {
  const [first = 0, last = inputs] = (CASES ?? `0-${inputs}`).split('-').map(Number);
  const wanted = [...TARGETS.keys()].filter((place) => TARGETS[place]?.name.includes(ONLY));
  // Every processor gets its share of the targets.
  const shares = Math.min(availableParallelism(), wanted.length);
  const runs = Array.from({ length: shares }, (_, share): CodecRun => {
    return { seed: SEED, first, last, slower, targets: wanted.filter((_, index) => index % shares === share) };
  });
  const found = (await Promise.all(runs.map((run) => drive(argv, environment, run)))).flat();
  console.log([`${name}, seed ${SEED}, inputs ${first} to ${last}`, ...found.map(lineOf)].join('\n'));
  expect(found.flatMap((one) => one.found.map((problem) => `${one.name}: ${problem}`))).toEqual([]);
  // Inputs that are all refused would prove little.
  if (CASES === undefined) for (const one of found) expect(one.understood, one.name).toBeGreaterThan(last / 50);
}

async function drive(argv: readonly string[], env: Engine['environment'], run: CodecRun): Promise<readonly Found[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-codecs-'));
  const [progress, found] = [join(folder, 'progress'), join(folder, 'found')];
  try {
    const [program = '', ...args] = [...argv, JSON.stringify(run), progress, found];
    const options = { env: { ...env }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', reject: false } as const;
    const { message, stderr } = await execa(program, args, options);
    if (existsSync(found)) return JSON.parse(readFileSync(found, 'utf8')) as Found[];
    const where = existsSync(progress) ? readFileSync(progress, 'utf8') : 'nothing';
    throw new Error(`${where}, of seed ${run.seed}: ${message}\n${stderr.slice(-3000)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lineOf({ name, understood, refused, seconds, slowestMs }: Found): string {
  const inputs = understood + refused;
  return `${name}: ${inputs} inputs, ${refused} refused, ${seconds.toFixed(1)} s, the slowest ${slowestMs.toFixed(1)} ms`;
}
