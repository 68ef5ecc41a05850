// Run by the bundled runtime, whose spawn tells a child's peak memory: RUNTIME measured-calls.mjs PROGRAM FOLDER COUNT
// For each N below COUNT, N.json in the folder is an environment and N.stdin what is on stdin.
import { readFileSync } from 'node:fs';

const [program = '', folder = '', count = ''] = process.argv.slice(2);
/** @type {any} */
const runtime = Reflect.get(globalThis, 'Bun');
for (let call = 0; call < Number(count); call++) {
  const started = performance.now();
  const child = runtime.spawnSync([program], {
    env: JSON.parse(readFileSync(`${folder}/${call}.json`, 'utf8')),
    // Never in this process's memory: the kernel counts a parent's as its child's.
    stdin: runtime.file(`${folder}/${call}.stdin`),
  });
  const { exitCode, stdout, resourceUsage } = child;
  const ms = performance.now() - started;
  console.log(JSON.stringify({ exitCode, stdout: stdout.toString(), ms, peakBytes: resourceUsage.maxRSS }));
}
