// npm run bench [-- --runs N --check --only NAME]: whole chains beside the reference, in the same run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { nativeRuntime } from '../scripts/lib/runtime.ts';
import { createHost } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { ChainRequest, ChainTimes } from './chain-loop.ts';
import { CHAINS, type Chain, forBoth, SUBNET_ENV } from './chain-table.ts';
import { shown, summarize } from './measure.ts';

const VERBS = ['ADD', 'CHECK', 'DEL'] as const;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '40' }, check: { type: 'boolean' }, only: { type: 'string' } },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const reference = await referencePlugins();
const scratch = mkdtempSync(join(ROOT, 'dist/chains-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const wanted = CHAINS.filter(({ name }) => values.only === undefined || name.includes(values.only));
print(style('bold', `${'median ms'.padEnd(26)}      ours   reference   paired ratio`));
let isOver = false;
for (const chain of wanted) {
  const [ours, theirs] = await timesOf(chain);
  if (ours === undefined || theirs === undefined) throw new Error(`${chain.name} was not measured`);
  for (const verb of VERBS) {
    const own = summarize(ours[verb], theirs[verb]);
    const other = summarize(theirs[verb], theirs[verb]);
    const limit = chain.limits[verb];
    isOver ||= limit !== undefined && own.ratio > limit;
    const figures = [shown(own.median).padStart(10), shown(other.median).padStart(12), shown(own.ratio).padStart(15)];
    print(`${`${chain.name} ${verb}`.padEnd(26)}${figures.join('')}  ${verdict(own.ratio, limit)}`);
    if (theirs.failed[verb] !== undefined) print(style('dim', `  the reference fails: ${theirs.failed[verb]}`));
    if (ours.failed[verb] !== undefined) throw new Error(`${chain.name} ${verb} failed: ${ours.failed[verb]}`);
  }
}
print(
  `\n${values.runs} rounds, both suites in turn; whole processes, one after another, in a host and a pod of their own.`,
);
process.exitCode = values.check === true && isOver ? 1 : 0;

async function timesOf(chain: Chain): Promise<readonly ChainTimes[]> {
  const host = await createHost('bench');
  try {
    const pod = await host.addPod();
    // What links of containers stand on.
    await host.ip('link add name lan0 type veth peer name lan1');
    await host.ip('link set dev lan1 up');
    await host.ip('link set dev lan0 up');
    const chains = forBoth(chain, reference);
    mkdirSync(`${host.root}/run/flannel`);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, SUBNET_ENV);
    const request: ChainRequest = { chains, rounds: Number(values.runs), netns: pod.path, path: PATH, scratch };
    const { exitCode, stdout, stderr } = await host.run([nativeRuntime(), join(ROOT, 'bench/chain-loop.ts')], {
      stdin: JSON.stringify(request),
      timeoutMs: 600_000,
    });
    if (exitCode !== 0) throw new Error(`${chain.name}: ${stderr}`);
    return JSON.parse(stdout) as ChainTimes[];
  } finally {
    await host.dispose();
  }
}

function verdict(ratio: number, limit: number | undefined): string {
  if (limit === undefined) return '';
  return ratio <= limit ? style('green', `pass (≤ ${limit})`) : style('red', `FAIL (> ${limit})`);
}
