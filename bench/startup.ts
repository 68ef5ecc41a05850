// npm run bench:startup [-- --runs N --check]: what a plugin costs over an empty program, and beside the reference's.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { LOOPBACK_CONF, loopbackEnvironment } from '../scripts/lib/loopback.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { createNetns } from '../scripts/lib/throwaway.ts';
import type { TimedProgram } from '../scripts/lib/timed-run.ts';
import { INCLUDED, measure, shown, verdict } from './measure.ts';
import { memoryAtEnd } from './memory.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' }, check: { type: 'boolean' } } });
const runs = Number(values.runs);

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const folder = mkdtempSync(join(ROOT, 'dist/startup-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const empty = join(folder, 'empty');
writeFileSync(`${empty}.c`, 'int main(void) { return 0; }\n');
await execa('cc', ['-O2', '-static', '-o', empty, `${empty}.c`]);

const conf = join(folder, 'lo.conf');
writeFileSync(conf, LOOPBACK_CONF);
const ours = join(ROOT, 'dist/bin/loopback');
const reference = join(await referencePlugins(), 'loopback');
const netns = createNetns('startup');
const version = { CNI_COMMAND: 'VERSION' };
const add = loopbackEnvironment('ADD', netns);

interface Measured {
  readonly name: string;
  readonly command: TimedProgram;
  /** How many times the first one's time it may take. */
  readonly limit?: number;
}
const tables: readonly (readonly Measured[])[] = [
  [
    { name: 'empty C program', command: { file: empty, env: {} } },
    { name: 'VERSION', command: { file: ours, env: version }, limit: 1.35 },
    { name: "the reference's", command: { file: reference, env: version } },
  ],
  [
    { name: "the reference's ADD", command: { file: reference, env: add, stdin: conf } },
    { name: 'ADD', command: { file: ours, env: add, stdin: conf }, limit: 0.45 },
  ],
];
let isOver = false;
print(style('bold', `${'loopback'.padEnd(20)}  median ms   minimum   paired ratio   private MB   shared MB`));
for (const table of tables) {
  const commands = table.map(({ command }) => command);
  const measured = await measure(commands, runs);
  for (const [index, { name, command, limit }] of table.entries()) {
    const { median = 0, minimum = 0, ratio = 0 } = measured[index] ?? {};
    const memory = await memoryAtEnd(command);
    const figures = [shown(median).padStart(9), shown(minimum).padStart(10), shown(ratio).padStart(15)];
    const megabytes = [shown(memory.private).padStart(13), shown(memory.shared).padStart(12)];
    print(`${name.padEnd(20)}  ${figures.join('')}${megabytes.join('')}  ${verdict(ratio, limit)}`);
    isOver ||= limit !== undefined && ratio > limit;
  }
}
print(`\n${runs} runs each, ${INCLUDED}; ratios are to the first line of each half.`);
process.exitCode = values.check === true && isOver ? 1 : 0;
