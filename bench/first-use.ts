// npm run bench:first-use [-- --runs N]: what the first use of a part of the language costs in a compiled program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { compile } from '../scripts/lib/compile.ts';
import { print } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { nativeArch } from '../scripts/lib/runtime.ts';

/** Each is run once in a process, in this order; the first two take what is the clock's and the calling's own. */
const USES: Readonly<Record<string, string>> = {
  'nothing, the first time': '0',
  nothing: '0',
  '`for` over a list': 'let sum = 0; for (const one of [1, 2, 3]) sum += one; return sum',
  '`list.map`': '[1, 2].map((one) => one + 1)',
  '`list.filter`': '[1, 2].filter((one) => one > 1)',
  '`list.find`': '[1, 2].find((one) => one > 1)',
  '`list.forEach`': '[1, 2].forEach((one) => one)',
  '`list.some`': '[1, 2].some((one) => one > 1)',
  '`list.every`': '[1, 2].every((one) => one > 1)',
  '`list.flatMap`': '[1, 2].flatMap((one) => [one])',
  '`list.entries`': 'let sum = 0; for (const [at] of [1, 2].entries()) sum += at; return sum',
  '`[...new Set(list)]`': '[...new Set([1, 2])]',
  'a generator': 'function* count() { yield 1; } return [...count()]',
  'an expression, `test`': '/^[a-z][a-z0-9_.-]*$/.test("name")',
  'another expression': '/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test("name")',
  'a text split at an expression': '"a b".split(/\\s+/)',
  'a text split at a text': '"a b".split(" ")',
  '`Object.fromEntries`': 'Object.fromEntries([["a", 1]])',
  '`new TextEncoder().encode`': 'new TextEncoder().encode("abc")',
  '`new TextDecoder().decode`': 'new TextDecoder().decode(new Uint8Array([65]))',
  '`DataView`': 'new DataView(new Uint8Array(4).buffer).getUint32(0, true)',
  '`crypto.getRandomValues`': 'crypto.getRandomValues(new Uint8Array(6))',
  '`process.on` a signal': 'process.on("SIGTERM", () => {})',
  '`JSON.parse`': 'JSON.parse("{}")',
  '`JSON.stringify`': 'JSON.stringify({ a: 1 })',
};

const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' } } });
const folder = mkdtempSync(join(ROOT, 'dist/first-use-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const functions = Object.values(USES).map((use) => `() => { ${use.includes('return') ? use : `return ${use}`} }`);
const source = `const uses = [${functions.join(',')}];
const times: number[] = [];
for (const use of uses) {
  const start = performance.now();
  use();
  times.push(performance.now() - start);
}
console.log(JSON.stringify(times));
process.exit(0);`;
writeFileSync(join(folder, 'program.ts'), source);
const program = join(folder, 'program');
await compile({ entry: join(folder, 'program.ts'), arch: nativeArch(), output: program });

const rounds: number[][] = [];
for (let run = 0; run < Number(values.runs); run++) {
  const { stdout } = await execa(program);
  rounds.push(JSON.parse(stdout) as number[]);
}
print('| first use of | µs |');
print('|---|--:|');
for (const [at, name] of Object.keys(USES).entries()) {
  const sorted = rounds.map((times) => times[at] ?? Number.NaN).sort((a, b) => a - b);
  print(`| ${name} | ${((sorted[sorted.length >> 1] ?? Number.NaN) * 1000).toFixed(0)} |`);
}
