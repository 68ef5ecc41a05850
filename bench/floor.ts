// npm run bench:floor [-- --runs N --check --only NAME --before FOLDER]: ADD beside a program that sends the same requests
// and makes the same files, and does nothing else.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import type { TimedChain } from './chain-loop.ts';
import { BUILT, CHAINS, forBoth } from './chain-table.ts';
import { addOf, createFloorHost, type FloorHost } from './floor-host.ts';
import { shown, summarize } from './measure.ts';
import type { PluginCall } from './plugin-call.ts';
import { recordingOf } from './recording.ts';

/** Nanoseconds of each round. */
interface Times {
  readonly ours: number[];
  readonly floor: number[];
  readonly before: number[];
  /** An empty program, on every host just before what is measured there. */
  readonly empty: number[];
}

const MEASURED = ['plain', 'masquerade (iptables)', 'masquerade (nftables)'];
/** How many times as long as the floor an ADD may take. */
const MOST_TIMES = 2.5;
const FOLDER = join(ROOT, 'dist/bench');

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    check: { type: 'boolean' },
    only: { type: 'string' },
    before: { type: 'string' },
  },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const before = values.before === undefined ? undefined : resolve(values.before);
const scratch = mkdtempSync(join(ROOT, 'dist/floor-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
mkdirSync(FOLDER, { recursive: true });
const empty = join(scratch, 'empty');
await compiled(['-x', 'c', '-'], empty, 'int main(void) { return 0; }\n');

const heads = ['floor', 'ours', 'ratio', 'minima', ...(before === undefined ? [] : ['before', 'ratio', 'minima'])];
print(style('bold', 'median ms'.padEnd(28) + heads.map((head) => head.padStart(10)).join('')));
let isOver = false;
const bases: number[] = [];
for (const chain of CHAINS.filter(({ name }) => MEASURED.includes(name) && name.includes(values.only ?? ''))) {
  const [ours] = forBoth(chain, BUILT);
  const times = await timesOf(ours, await floorOf(ours, chain.name));
  const floor = summarize(times.floor, times.floor);
  const figures = [floor.median];
  for (const own of before === undefined ? [times.ours] : [times.ours, times.before]) {
    const { median, minimum, ratio } = summarize(own, times.floor);
    figures.push(median, ratio, minimum / floor.minimum);
  }
  const isTooMuch = summarize(times.ours, times.floor).ratio > MOST_TIMES;
  isOver ||= isTooMuch;
  const verdict = isTooMuch ? style('red', `FAIL (> ${MOST_TIMES})`) : style('green', `pass (≤ ${MOST_TIMES})`);
  print(`${`${chain.name} ADD`.padEnd(28)}${figures.map((figure) => shown(figure).padStart(10)).join('')}  ${verdict}`);
  bases.push(...times.empty);
}
print(`${'an empty program of C'.padEnd(28)}${shown(summarize(bases, bases).median).padStart(10)}`);
print(
  `\n${values.runs} rounds, all in turn, each on a host of its own that is new; whole processes.` +
    '\nratio: to the floor of the same round; minima: ratio of the least times. What the floor does: dist/bench/floor-*.h',
);
process.exitCode = values.check === true && isOver ? 1 : 0;

/** Records an ADD and makes a program of it. */
async function floorOf(chain: TimedChain, name: string): Promise<string> {
  const host = await createFloorHost(chain, scratch);
  try {
    const words = name.replace(/\W+/g, ' ').trim().replaceAll(' ', '-');
    const recording = join(FOLDER, `floor-${words}.h`);
    writeFileSync(recording, `${recordingOf(await host.trace(), chain.folder).join('\n')}\n`);
    const program = join(scratch, words);
    await compiled([`-DRECORDING="${recording}"`, join(ROOT, 'bench/floor.c')], program);
    return program;
  } finally {
    await host.dispose();
  }
}

async function compiled(what: readonly string[], output: string, input = ''): Promise<void> {
  // Not every recording has all kinds of calls.
  const warnings = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-function'];
  await execa('cc', ['-O2', '-static', ...warnings, '-o', output, ...what], { input });
}

async function timesOf(chain: TimedChain, floor: string): Promise<Times> {
  const times: Times = { ours: [], floor: [], before: [], empty: [] };
  const add = addOf(chain, scratch);
  const contestants: {
    readonly name: 'ours' | 'floor' | 'before';
    readonly chain: TimedChain;
    readonly call: PluginCall;
  }[] = [
    { name: 'ours', chain, call: add },
    { name: 'floor', chain, call: { ...add, file: floor } },
  ];
  if (before !== undefined) {
    const older = { ...chain, folder: before };
    contestants.push({ name: 'before', chain: older, call: addOf(older, scratch) });
  }
  // One round that does not count, so that every file is in the page cache.
  for (let round = -1; round < Number(values.runs); round++) {
    const hosts = new Map<string, FloorHost>();
    try {
      // The order alternates, so that none always runs in the wake of the same other one.
      for (const { name, chain: own, call } of round % 2 === 0 ? contestants : contestants.toReversed()) {
        const host = await createFloorHost(own, scratch);
        hosts.set(name, host);
        const [base = Number.NaN, took = Number.NaN] = await host.times([{ ...add, file: empty }, call]);
        if (round < 0) continue;
        times[name].push(took);
        times.empty.push(base);
      }
      await compare(hosts.get('ours'), hosts.get('floor'));
    } finally {
      for (const host of hosts.values()) await host.dispose();
    }
  }
  return times;
}

/** The replay was an ADD only if everything is there that an ADD leaves. */
async function compare(ours: FloorHost | undefined, floor: FloorHost | undefined): Promise<void> {
  const [wanted, found] = [await ours?.state(), await floor?.state()];
  if (wanted !== found) throw new Error(`the replay has left something else\n${found}\n\nthan the plugin\n${wanted}`);
}
