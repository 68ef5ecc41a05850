// npm run bench [-- --runs N --check --only NAME --before FOLDER]: whole chains beside the reference, or beside another build of the suite, in the same run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { createHost } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { ChainRequest, ChainTimes } from './chain-loop.ts';
import { CHAINS, type Chain, forBoth, SUBNET_ENV } from './chain-table.ts';
import { type Costs, costsOf, type Verb } from './costs.ts';
import { type Measurement, shown, summarize, verdict } from './measure.ts';
import { barPlot } from './plot.ts';

/** One suite's figures for a chain and a verb. */
type Figures = Measurement & Costs;

interface Suite {
  readonly times: ChainTimes;
  readonly costs: Readonly<Record<Verb, Costs>>;
}

const VERBS = ['ADD', 'CHECK', 'DEL'] as const;
const FOLDER = join(ROOT, 'dist/bench');
/** What no call may need more of. */
const MOST_MEGABYTES = 16;

/** How much slower than the build before a chain may be. */
const MOST_TIMES_BEFORE = 1.03;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '40' },
    check: { type: 'boolean' },
    only: { type: 'string' },
    before: { type: 'string' },
  },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const reference = values.before === undefined ? await referencePlugins() : resolve(values.before);
const scratch = mkdtempSync(join(ROOT, 'dist/chains-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const wanted = CHAINS.filter(({ name }) => values.only === undefined || name.includes(values.only));
const title = values.before === undefined ? 'reference' : 'before';
const heads = ['ours', title, 'ratio', 'p99', `p99 ${title.slice(0, 3)}.`, 'starts', 'MB'];
print(style('bold', 'median ms'.padEnd(28) + heads.map((head) => head.padStart(10)).join('')));
let isOver = false;
const results: { name: string; verb: Verb; ours: Figures; reference: Figures }[] = [];
for (const chain of wanted) {
  const [ours, theirs] = await measured(chain);
  if (ours === undefined || theirs === undefined) throw new Error(`${chain.name} was not measured`);
  for (const verb of VERBS) {
    const own = { ...summarize(ours.times[verb], theirs.times[verb]), ...ours.costs[verb] };
    const other = { ...summarize(theirs.times[verb], theirs.times[verb]), ...theirs.costs[verb] };
    const limit = values.before === undefined ? chain.limits[verb] : MOST_TIMES_BEFORE;
    isOver ||= (limit !== undefined && own.ratio > limit) || own.megabytes > MOST_MEGABYTES;
    const times = [own.median, other.median, own.ratio, own.p99, other.p99].map((value) => shown(value).padStart(10));
    const costs = [`${own.starts}/${other.starts}`, `${own.megabytes.toFixed(0)}/${other.megabytes.toFixed(0)}`];
    print(
      `${`${chain.name} ${verb}`.padEnd(28)}${times.join('')}${costs.map((text) => text.padStart(10)).join('')}  ${verdict(own.ratio, limit)}`,
    );
    if (theirs.times.failed[verb] !== undefined) print(style('dim', `  the other fails: ${theirs.times.failed[verb]}`));
    if (ours.times.failed[verb] !== undefined)
      throw new Error(`${chain.name} ${verb} failed: ${ours.times.failed[verb]}`);
    results.push({ name: chain.name, verb, ours: own, reference: other });
  }
}
mkdirSync(FOLDER, { recursive: true });
writeFileSync(join(FOLDER, 'chains.json'), `${JSON.stringify(results, null, 2)}\n`);
const note = `median of ${values.runs} rounds, whole processes, all plugins of a chain added up`;
for (const verb of ['ADD', 'DEL'] as const) {
  const rows = results
    .filter((one) => one.verb === verb)
    .map((one) => ({ name: one.name, ours: one.ours.median, reference: one.reference.median }));
  writeFileSync(join(FOLDER, `${verb.toLowerCase()}.svg`), barPlot(`${verb} of a container, by chain`, note, rows));
}
print(
  `\n${values.runs} rounds, both suites in turn; whole processes, one after another, in a host and a pod of their own.` +
    '\nstarts: programs started; MB: the most memory that one of them had; both for a verb of the whole chain, ours/reference.' +
    `\nFigures and plots: dist/bench/chains.json, add.svg, del.svg`,
);
process.exitCode = values.check === true && isOver ? 1 : 0;

async function measured(chain: Chain): Promise<readonly Suite[]> {
  const host = await createHost('bench');
  try {
    const pod = await host.addPod();
    // What links of containers stand on.
    await host.ip('link add name lan0 type veth peer name lan1');
    await host.ip('link set dev lan1 up');
    await host.ip('link set dev lan0 up');
    const chains = forBoth(values.before === undefined ? chain : { ...chain, reference: chain.plugins }, reference);
    mkdirSync(`${host.root}/run/flannel`);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, SUBNET_ENV);
    const rounds = Math.min(Number(values.runs), chain.mostRounds ?? Number.POSITIVE_INFINITY);
    const request: ChainRequest = { chains, rounds, netns: pod.path, path: PATH, scratch };
    const { exitCode, stdout, stderr } = await host.run([await driver('bench/chain-loop.ts')], {
      stdin: JSON.stringify(request),
      timeoutMs: 600_000,
    });
    if (exitCode !== 0) throw new Error(`${chain.name}: ${stderr}`);
    const times = JSON.parse(stdout) as ChainTimes[];
    const suites: Suite[] = [];
    for (const [index, own] of times.entries()) {
      const counted = chains[index];
      if (counted !== undefined) suites.push({ times: own, costs: await costsOf(host, pod.path, counted) });
    }
    return suites;
  } finally {
    await host.dispose();
  }
}
