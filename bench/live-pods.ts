// npm run bench:pods [-- --runs N --check --only NAME]: what one more container costs while many are alive, beside the
// reference, and beside an empty host.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { createHost, type Host } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { TimedChain } from './chain-loop.ts';
import { CHAINS, forBoth } from './chain-table.ts';
import type { LiveRequest, LiveTimes } from './live-loop.ts';
import { shown, summarize } from './measure.ts';
import { type Line, linePlot } from './plot.ts';

const COUNTS = [50, 200, 500] as const;
/** The two hosts take turns so often. */
const TURNS = 6;
const MEASURED = ['plain', 'port map (iptables)'];
const FOLDER = join(ROOT, 'dist/bench');
/** How much more an ADD may cost with all of them alive than with none. */
const MOST_GROWTH = 1.2;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '60' }, check: { type: 'boolean' }, only: { type: 'string' } },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const reference = await referencePlugins();
const scratch = mkdtempSync(join(ROOT, 'dist/live-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
print(
  style('bold', 'median ms, alive:'.padEnd(40) + [0, ...COUNTS].map((count) => String(count).padStart(9)).join('')),
);
const lines: Record<'ADD' | 'DEL', Line[]> = { ADD: [], DEL: [] };
let isOver = false;
for (const chain of CHAINS.filter(({ name }) => MEASURED.includes(name) && name.includes(values.only ?? ''))) {
  for (const [index, suite] of forBoth(chain, reference).entries()) {
    const { nobody, alone, crowded } = await timesOf(suite);
    const isOurs = index === 0;
    for (const verb of ['ADD', 'DEL'] as const) {
      const medians = [medianOf(nobody[verb]), ...crowded.map((times) => medianOf(times[verb]))];
      // Against what it took on an empty host in the same minutes: machines change their pace.
      const growth = summarize(crowded.at(-1)?.[verb] ?? [], alone[verb]).ratio;
      const isTooMuch = isOurs && verb === 'ADD' && growth > MOST_GROWTH;
      isOver ||= isTooMuch;
      const name = `${chain.name} ${verb}, ${isOurs ? 'ours' : 'reference'}`;
      const figures = medians.map((median) => shown(median).padStart(9)).join('');
      print(
        `${name.padEnd(40)}${figures}   × ${growth.toFixed(2)}${isTooMuch ? style('red', `  FAIL (> ${MOST_GROWTH})`) : ''}`,
      );
      const points = [0, ...COUNTS].map((count, at) => [count, medians[at] ?? Number.NaN] as const);
      lines[verb].push({ name: chain.name, isOurs, points });
    }
  }
}
mkdirSync(FOLDER, { recursive: true });
for (const verb of ['ADD', 'DEL'] as const) {
  const note = `median of ${values.runs} rounds, all plugins of the chain added up`;
  const plot = linePlot(`${verb} of one more container, by how many are alive`, note, lines[verb]);
  writeFileSync(join(FOLDER, `live-${verb.toLowerCase()}.svg`), plot);
}
print(
  `\n${values.runs} rounds for each number. The growth is the median ratio to as many on empty hosts, in turn with the last. Plots: dist/bench/live-add.svg, live-del.svg`,
);
process.exitCode = values.check === true && isOver ? 1 : 0;

/** What it takes with nobody alive on the whole machine, with each number, and on an empty host in turn with the last. */
interface Measured {
  readonly nobody: LiveTimes;
  readonly alone: LiveTimes;
  readonly crowded: readonly LiveTimes[];
}

function medianOf(nanoseconds: readonly number[]): number {
  return summarize(nanoseconds, nanoseconds).median;
}

async function timesOf(chain: TimedChain): Promise<Measured> {
  const rounds = Math.ceil(Number(values.runs) / TURNS);
  const nobody = await timesAlone(chain, rounds * TURNS);
  const [alone, crowded]: [LiveTimes[], LiveTimes[]] = [[], []];
  const full = await createHost('live');
  try {
    for (const [index, count] of COUNTS.entries()) {
      const alive = COUNTS[index - 1] ?? 0;
      const crowd: string[] = [];
      while (crowd.length < count - alive) crowd.push((await full.addPod()).path);
      await run(full, { chain, crowd, alive, rounds: 0, newcomer: '' });
      // A newcomer's namespace is new: the kernel looks for what is older behind what is younger.
      const newcomer = (await full.addPod()).path;
      const turns: LiveTimes[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        if (count === COUNTS.at(-1)) alone.push(await timesAlone(chain, rounds));
        turns.push(await run(full, { chain, crowd: [], alive: 0, rounds, newcomer }));
      }
      crowded.push(joined(turns));
    }
    return { nobody, alone: joined(alone), crowded };
  } finally {
    await full.dispose();
  }
}

/** On a host that is as new as its container. */
async function timesAlone(chain: TimedChain, rounds: number): Promise<LiveTimes> {
  const host = await createHost('live');
  try {
    return await run(host, { chain, crowd: [], alive: 0, rounds, newcomer: (await host.addPod()).path });
  } finally {
    await host.dispose();
  }
}

async function run(host: Host, asked: Omit<LiveRequest, 'path' | 'scratch'>): Promise<LiveTimes> {
  const request: LiveRequest = { ...asked, path: PATH, scratch };
  const { exitCode, stdout, stderr } = await host.run([await driver('bench/live-loop.ts')], {
    stdin: JSON.stringify(request),
    timeoutMs: 900_000,
  });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as LiveTimes;
}

function joined(times: readonly LiveTimes[]): LiveTimes {
  return { ADD: times.flatMap(({ ADD }) => ADD), DEL: times.flatMap(({ DEL }) => DEL) };
}
