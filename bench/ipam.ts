// npm run bench:ipam [-- --runs N --check]: host-local with few and with many leases, beside the reference.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import type { TimedProgram } from '../scripts/lib/timed-run.ts';
import { INCLUDED, type Measurement, measure, shown, verdict } from './measure.ts';

const POPULATIONS = [10, 1000, 10_000] as const;
/** What 10,000 leases may cost over 10. */
const LIMIT = 1.5;
const FILL = 60_000;
const SLICE = 10_000;

const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' }, check: { type: 'boolean' } } });
const runs = Number(values.runs);

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const folder = mkdtempSync(join(ROOT, 'dist/ipam-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const plugins = [
  { name: 'ours', file: join(ROOT, 'dist/bin/host-local') },
  { name: 'reference', file: join(await referencePlugins(), 'host-local') },
];
let isOver = false;
print(
  style('bold', `${'median ms'.padEnd(34)}${POPULATIONS.map((n) => String(n).padStart(9)).join('')}   10,000 : 10`),
);
for (const { name, file } of plugins) {
  const byPopulation: (readonly Measurement[])[] = [];
  const cases = POPULATIONS.map((leases) => steps(file, populate(name, leases)));
  const flat = await measure(
    cases.flatMap((one) => one.map(({ command }) => command)),
    runs,
    true,
  );
  const width = cases[0]?.length ?? 0;
  for (const index of POPULATIONS.keys()) byPopulation.push(flat.slice(index * width, (index + 1) * width));
  for (const [at, { what }] of (cases[0] ?? []).entries()) {
    const medians = byPopulation.map((measurements) => measurements[at]?.median ?? Number.NaN);
    const ratio = (medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN);
    if (name === 'ours') isOver ||= !(ratio <= LIMIT);
    const figures = medians.map((median) => shown(median).padStart(9)).join('');
    print(
      `${`${name}: ${what}`.padEnd(34)}${figures}${shown(ratio).padStart(14)}  ${verdict(ratio, name === 'ours' ? LIMIT : undefined)}`,
    );
  }
}
print(`\n${runs} runs each, ${INCLUDED}.`);
await fill();
process.exitCode = values.check === true && isOver ? 1 : 0;

/** A folder with so many leases of other containers, all over a /16, the last one given at the end of them. */
function populate(name: string, leases: number): string {
  const dataDir = join(folder, `${name}-${leases}`);
  const network = join(dataDir, 'net');
  mkdirSync(network, { recursive: true });
  for (let given = 0; given < leases; given++) writeFileSync(join(network, address(given)), `other-${given}\r\neth0`);
  writeFileSync(join(network, 'last_reserved_ip.0'), address(leases - 1));
  return dataDir;
}

function address(given: number): string {
  const host = given + 2;
  return `10.15.${host >> 8}.${host & 255}`;
}

/** One round: the first one also learns the folder, and does not count. */
function steps(file: string, dataDir: string): readonly { readonly what: string; readonly command: TimedProgram }[] {
  const config = { cniVersion: '1.0.0', name: 'net', ipam: { dataDir, ranges: [[{ subnet: '10.15.0.0/16' }]] } };
  const stdin = join(dataDir, 'conf');
  writeFileSync(stdin, JSON.stringify(config));
  const call = (verb: string, id: string): TimedProgram => ({
    file,
    stdin,
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: id,
      CNI_IFNAME: 'eth0',
      CNI_NETNS: '/proc/no',
      CNI_PATH: '/no',
      CNI_TS_RUN_DIR: join(folder, 'records'),
    },
  });
  return [
    { what: 'ADD', command: call('ADD', 'measured') },
    { what: 'CHECK', command: call('CHECK', 'measured') },
    { what: 'DEL', command: call('DEL', 'measured') },
    { what: 'DEL of an unknown one', command: call('DEL', 'unknown') },
  ];
}

async function fill(): Promise<void> {
  const args = [join(folder, 'fill'), String(FILL), String(SLICE)];
  const { stdout } = await execa(await driver('bench/ipam-fill.ts'), args);
  const times = JSON.parse(stdout) as readonly number[];
  print(style('bold', `\na /16 filled to ${FILL} leases through the library, one lock each`));
  for (const [index, time] of times.entries()) {
    print(`${String((index + 1) * SLICE).padStart(7)}  ${shown(time / SLICE)} ms each`);
  }
}
