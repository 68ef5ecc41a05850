// npm run bench:startup [-- --runs N --check]: what a plugin costs over an empty program on the same runtime.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { compile } from '../scripts/lib/compile.ts';
import { nativeArch } from '../scripts/lib/engine.ts';
import { LOOPBACK_CONF, loopbackEnvironment } from '../scripts/lib/loopback.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { createNetns } from '../scripts/lib/throwaway.ts';
import { INCLUDED, measure, shown } from './measure.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' }, check: { type: 'boolean' } } });
const runs = Number(values.runs);

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const folder = mkdtempSync(join(ROOT, 'dist/startup-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const entry = join(folder, 'empty.ts');
const empty = join(folder, 'empty');
writeFileSync(entry, '');
await compile({ entry, arch: nativeArch(), output: empty });

const conf = join(folder, 'lo.conf');
writeFileSync(conf, LOOPBACK_CONF);
const loopback = join(ROOT, 'dist/bin/loopback');
const netns = createNetns('startup');
const programs = [
  { name: 'empty program', command: { file: empty, env: {} } },
  { name: 'loopback VERSION', command: { file: loopback, env: { CNI_COMMAND: 'VERSION' } }, limit: 1.9 },
  {
    name: 'loopback ADD',
    command: { file: loopback, env: loopbackEnvironment('ADD', netns), stdin: conf },
    limit: 3.1,
  },
  { name: '/bin/true', command: { file: '/bin/true', env: {} } },
];
const measured = await measure(
  programs.map(({ command }) => command),
  runs,
);
const base = measured[0];
if (base === undefined) throw new Error('nothing was measured');

print(style('bold', `${'ms'.padEnd(18)}    median   minimum       paired ratio   ratio of minima`));
let isOver = false;
for (const [index, { name, limit }] of programs.entries()) {
  const { median = 0, minimum = 0, ratio = 0 } = measured[index] ?? {};
  const figures = [shown(median).padStart(10), shown(minimum).padStart(10), shown(ratio).padStart(19)];
  print(`${name.padEnd(18)}${figures.join('')}${shown(minimum / base.minimum).padStart(18)}  ${verdict(ratio, limit)}`);
  isOver ||= limit !== undefined && ratio > limit;
}
print(`\n${runs} runs each, ${INCLUDED}; /bin/true shows what that costs by itself.`);
process.exitCode = values.check === true && isOver ? 1 : 0;

function verdict(ratio: number, limit: number | undefined): string {
  if (limit === undefined) return '';
  return ratio <= limit ? style('green', `pass (≤ ${limit})`) : style('red', `FAIL (> ${limit})`);
}
