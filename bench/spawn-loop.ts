// Runs programs in turn and prints how long each took, in nanoseconds; started by measure.ts as an
// executable of its own. stdin: {"commands": [{file, env, stdin}], "rounds": N, "inOrder": …}.
import { readStdin } from '../pkg/sys/files/stdin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import type { TimedProgram } from '../scripts/lib/timed-run.ts';
import { timedRun } from '../scripts/lib/timed-run.ts';

const request: { commands: readonly TimedProgram[]; rounds: number; inOrder: boolean } = JSON.parse(await readStdin());
const { commands, rounds, inOrder } = request;
const times: number[][] = commands.map(() => []);
// One round that does not count, so that every file is in the page cache.
for (let round = -1; round < rounds; round++) {
  for (let turn = 0; turn < commands.length; turn++) {
    // The order alternates, so that no program always runs in the wake of the same other one.
    const index = inOrder || round % 2 === 0 ? turn : commands.length - 1 - turn;
    const command = commands[index];
    if (command === undefined) continue;
    const { status, nanoseconds } = timedRun(command);
    if (status !== 0) throw new Error(`${command.file} ended with status ${status}`);
    if (round >= 0) times[index]?.push(nanoseconds);
  }
}
await writeOut('stdout', JSON.stringify(times));
