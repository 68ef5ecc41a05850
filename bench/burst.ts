// npm run bench:burst [-- --pods N --runs N --check --only NAME]: many containers at once, beside the reference.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { createHost } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { BurstRequest, BurstTimes } from './burst-loop.ts';
import { CHAINS, type Chain, forBoth, SUBNET_ENV } from './chain-table.ts';
import { shown, summarize } from './measure.ts';

const VERBS = ['ADD', 'DEL'] as const;
const LIMITS = { ADD: 0.45, DEL: 0.3 } as const;

const { values } = parseArgs({
  options: {
    pods: { type: 'string', default: '30' },
    runs: { type: 'string', default: '7' },
    check: { type: 'boolean' },
    only: { type: 'string', default: 'podman' },
  },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const reference = await referencePlugins();
print(style('bold', `${`${values.pods} at once, median ms`.padEnd(30)}      ours   reference   paired ratio`));
let isOver = false;
for (const chain of CHAINS.filter(({ name }) => name.includes(values.only))) {
  const [ours, theirs] = await timesOf(chain);
  if (ours === undefined || theirs === undefined) throw new Error(`${chain.name} was not measured`);
  if (ours.failed !== undefined) throw new Error(`${chain.name}: ${ours.failed}`);
  for (const verb of VERBS) {
    const own = summarize(ours[verb], theirs[verb]);
    const other = summarize(theirs[verb], theirs[verb]);
    isOver ||= own.ratio > LIMITS[verb];
    const figures = [shown(own.median).padStart(10), shown(other.median).padStart(12), shown(own.ratio).padStart(15)];
    print(`${`${chain.name} ${verb}`.padEnd(30)}${figures.join('')}`);
  }
  if (theirs.failed !== undefined) print(style('dim', `  the reference fails: ${theirs.failed}`));
}
print(`\n${values.runs} rounds, both suites in turn; from the first start to the last end, in a host of their own.`);
process.exitCode = values.check === true && isOver ? 1 : 0;

async function timesOf(chain: Chain): Promise<readonly BurstTimes[]> {
  const host = await createHost('burst');
  try {
    const pods = [];
    for (let number = 0; number < Number(values.pods); number++) pods.push(await host.addPod());
    mkdirSync(`${host.root}/run/flannel`);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, SUBNET_ENV);
    const namespaces = pods.map(({ path }) => path);
    const request: BurstRequest = {
      chains: forBoth(chain, reference),
      rounds: Number(values.runs),
      namespaces,
      path: PATH,
    };
    const { exitCode, stdout, stderr } = await host.run([await driver('bench/burst-loop.ts')], {
      stdin: JSON.stringify(request),
      timeoutMs: 600_000,
    });
    if (exitCode !== 0) throw new Error(`${chain.name}: ${stderr}`);
    return JSON.parse(stdout) as BurstTimes[];
  } finally {
    await host.dispose();
  }
}
