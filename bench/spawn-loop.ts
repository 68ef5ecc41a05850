// Runs programs in turn and prints how long each took, in nanoseconds; started by measure.ts under the bundled
// runtime, whose spawn costs less than Node's. stdin: {"commands": [{file, env, stdinFile}], "rounds": N, "inOrder": …}.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { MeasuredCommand } from './measure.ts';

const request: { commands: readonly MeasuredCommand[]; rounds: number; inOrder: boolean } = JSON.parse(
  readFileSync(0, 'utf8'),
);
const { commands, rounds, inOrder } = request;
const times: number[][] = commands.map(() => []);
// One round that does not count, so that every file is in the page cache.
for (let round = -1; round < rounds; round++) {
  for (let turn = 0; turn < commands.length; turn++) {
    // The order alternates, so that no program always runs in the wake of the same other one.
    const index = inOrder || round % 2 === 0 ? turn : commands.length - 1 - turn;
    const command = commands[index];
    if (command === undefined) continue;
    // Files and no pipes: what the helper would do with pipes is not the program's.
    const stdin = openSync(command.stdinFile ?? '/dev/null', 'r');
    const start = process.hrtime.bigint();
    const { status } = spawnSync(command.file, [], { env: { ...command.env }, stdio: [stdin, 'ignore', 'ignore'] });
    const nanoseconds = Number(process.hrtime.bigint() - start);
    closeSync(stdin);
    if (status !== 0) throw new Error(`${command.file} ended with status ${status}`);
    if (round >= 0) times[index]?.push(nanoseconds);
  }
}
console.log(JSON.stringify(times));
