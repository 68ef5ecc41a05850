// Hands every reader inputs that were made of good ones, under Node or in the executable.
// Arguments: {"seed":…,"first":…,"last":…,"slower":1,"targets":[…]}, a file for what is being done, one for what was found.
import { writeFileSync } from 'node:fs';
import { run } from './run.ts';
import { type CodecRun, TARGETS } from './targets.ts';

/** So many inputs are between two notes of what is being done: where one never ends, it is among them. */
const PIECE = 500;

const [text = '', progress = '', found = ''] = process.argv.slice(2);
const { seed, first, last, slower, targets } = JSON.parse(text) as CodecRun;
const outcomes = [];
for (const place of targets) {
  const target = TARGETS[place];
  if (target === undefined) throw new Error(`no target ${place}`);
  const started = performance.now();
  let [understood, refused, slowestMs] = [0, 0, 0];
  const problems: string[] = [];
  for (let at = first; at < last; at += PIECE) {
    writeFileSync(progress, `${target.name}, inputs from ${at}`);
    const outcome = await run(target, { seed, first: at, last: Math.min(at + PIECE, last), slower });
    understood += outcome.understood;
    refused += outcome.refused;
    slowestMs = Math.max(slowestMs, outcome.slowestMs);
    problems.push(...outcome.found);
    if (problems.length > 10) break;
  }
  const seconds = (performance.now() - started) / 1000;
  outcomes.push({ name: target.name, understood, refused, slowestMs, seconds, found: problems });
}
writeFileSync(found, JSON.stringify(outcomes));
