// npm run bench:pods [-- --runs N --check]: what one more container costs while many are alive, beside the reference.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { createHost } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { TimedChain } from './chain-loop.ts';
import { CHAINS, forBoth } from './chain-table.ts';
import type { LiveRequest, LiveTimes } from './live-loop.ts';
import { shown, summarize } from './measure.ts';
import { type Line, linePlot } from './plot.ts';

const COUNTS = [0, 50, 200, 500] as const;
const MEASURED = ['plain', 'port map (iptables)'];
const FOLDER = join(ROOT, 'dist/bench');
/** How much more an ADD may cost with all of them alive than with none. */
const MOST_GROWTH = 1.2;

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' }, check: { type: 'boolean' } } });

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const reference = await referencePlugins();
const scratch = mkdtempSync(join(ROOT, 'dist/live-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
print(style('bold', 'median ms, alive:'.padEnd(40) + COUNTS.map((count) => String(count).padStart(9)).join('')));
const lines: Record<'ADD' | 'DEL', Line[]> = { ADD: [], DEL: [] };
let isOver = false;
for (const chain of CHAINS.filter(({ name }) => MEASURED.includes(name))) {
  for (const [index, suite] of forBoth(chain, reference).entries()) {
    const times = await timesOf(suite);
    const isOurs = index === 0;
    for (const verb of ['ADD', 'DEL'] as const) {
      const medians = times.map((own) => summarize(own[verb], own[verb]).median);
      const growth = (medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN);
      const isTooMuch = isOurs && verb === 'ADD' && growth > MOST_GROWTH;
      isOver ||= isTooMuch;
      const name = `${chain.name} ${verb}, ${isOurs ? 'ours' : 'reference'}`;
      const figures = medians.map((median) => shown(median).padStart(9)).join('');
      print(
        `${name.padEnd(40)}${figures}   × ${growth.toFixed(2)}${isTooMuch ? style('red', `  FAIL (> ${MOST_GROWTH})`) : ''}`,
      );
      const points = COUNTS.map((count, at) => [count, medians[at] ?? Number.NaN] as const);
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
  `\n${values.runs} rounds for each number, each suite on a host of its own. Plots: dist/bench/live-add.svg, live-del.svg`,
);
process.exitCode = values.check === true && isOver ? 1 : 0;

async function timesOf(chain: TimedChain): Promise<LiveTimes> {
  const host = await createHost('live');
  try {
    const newcomers: string[] = [];
    for (const _ of COUNTS) newcomers.push((await host.addPod()).path);
    const crowd: string[] = [];
    for (let number = 0; number < Math.max(...COUNTS); number++) crowd.push((await host.addPod()).path);
    const request: LiveRequest = {
      chain,
      counts: COUNTS,
      rounds: Number(values.runs),
      newcomers,
      crowd,
      path: PATH,
      scratch,
    };
    const { exitCode, stdout, stderr } = await host.run([await driver('bench/live-loop.ts')], {
      stdin: JSON.stringify(request),
      timeoutMs: 900_000,
    });
    if (exitCode !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as LiveTimes;
  } finally {
    await host.dispose();
  }
}
